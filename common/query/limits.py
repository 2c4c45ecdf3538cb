"""How much a query may be and may keep: bounds of depth, size and memory.

Knows numbers only. Called by `rules` and `stages`.
"""

from common.query.errors import Place, QueryError

__all__ = ["MAX_DEPTH", "MAX_KEPT", "MAX_PARTS", "Budget"]

MAX_DEPTH = 64
"""Levels of rules within rules."""
MAX_PARTS = 10_000
"""Rules in one query: what one message costs at most."""
MAX_KEPT = 200_000
"""Values that `$sort`, groups and `$collect` hold until the end: some hundred megabytes of messages."""


class Budget:
    """What is left of the bounds for one run of one query."""

    def __init__(self) -> None:
        self._parts = 0
        self._kept = 0

    def enter(self, place: Place) -> None:
        """Count one rule.

        Raises: QueryError, when the query is too deep or too big.
        """
        if len(place) > MAX_DEPTH:
            raise QueryError(f"nested deeper than {MAX_DEPTH} levels", place[:MAX_DEPTH])
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise QueryError(f"more than {MAX_PARTS} rules", place)

    def keep(self, n: int, place: Place) -> None:
        """Count values that stay in memory until the end.

        Raises: QueryError, when they are too many.
        """
        self._kept += n
        if self._kept > MAX_KEPT:
            raise QueryError(f"holds more than {MAX_KEPT} values until the end", place)
