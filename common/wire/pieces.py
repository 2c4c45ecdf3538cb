"""Holds the beginning of a unit whose rest has not arrived yet, at a cost that grows with the bytes alone.

Knows only how many bytes are wanted next. Serves `boxstream` and `packets`: a peer that sends a large
packet in single bytes must not make us copy it once for each of them.
"""

__all__ = ["Pieces"]


class Pieces:
    """Bytes in waiting; `join` gives them out when there are enough."""

    __slots__ = ("_held", "_wanted")

    def __init__(self) -> None:
        self._held = bytearray()
        self._wanted = 1

    def __len__(self) -> int:
        return len(self._held)

    def join(self, data: bytes) -> bytes | None:
        """All that is held and `data` behind it, or None (and `data` is held too) while that is too little."""
        held = self._held
        if not held and len(data) >= self._wanted:
            return data
        held += data
        if len(held) < self._wanted:
            return None
        self._held = bytearray()
        return bytes(held)

    def keep(self, rest: bytes, wanted: int) -> None:
        """Hold `rest`; fewer than `wanted` bytes in all are no use."""
        self._held += rest
        self._wanted = wanted
