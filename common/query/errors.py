"""What a query is refused for: the reason, and the place in it.

`QueryError` is the only one. The caller's fault always: a shell answers with it.
"""

__all__ = ["Place", "QueryError"]

Place = tuple[str | int, ...]
"""The way from the whole query to a part of it: names and numbers."""


class QueryError(ValueError):
    """The query makes no sense, asks for too much, or met a value that it cannot treat."""

    def __init__(self, reason: str, place: Place = ()) -> None:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
        super().__init__(f"query{where}: {reason}")
