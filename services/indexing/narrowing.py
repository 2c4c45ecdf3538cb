"""Which of several ranges of rows, all in the order of the log, leads to what a query finds past the fewest messages.

Knows rows and positions; never knows what a range is about. Called by the view of `query`.
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from services.indexing.adapters.reader import BOTH, CHUNK, Reader
from services.indexing.model.view import Row

__all__ = ["Way", "shortest"]


class Way(NamedTuple):
    """The rows of a view with start <= key < end: one a message at most, by position."""

    view: str
    start: bytes
    end: bytes

    def after(self, row: Row, *, reverse: bool) -> "Way":
        """What is left of it behind a row."""
        return self._replace(end=row.key) if reverse else self._replace(start=row.key + b"\0")


async def shortest(
    reader: Reader, ways: Sequence[Way], *, reverse: bool
) -> AsyncIterator[list[Row]]:
    """The rows of one of the ways: that ends first, or else gets furthest through the log with its first CHUNK."""

    def begin(way: Way) -> list[Row]:
        found = reader.scan(*way, reverse=reverse, limit=CHUNK, spaces=BOTH)
        return list(found)

    begun = {way: begin(way) for way in ways}
    best = min(ways, key=lambda way: _length(begun[way], reverse=reverse))
    yield begun[best]
    if len(begun[best]) == CHUNK:
        rest = best.after(begun[best][-1], reverse=reverse)
        async for rows in reader.walk(*rest, reverse=reverse, spaces=BOTH):
            yield rows


def _length(begun: Sequence[Row], *, reverse: bool) -> tuple[int, int]:
    """What is less for a way that seems shorter."""
    if len(begun) < CHUNK:
        return len(begun), 0
    return CHUNK, begun[-1].position if reverse else -begun[-1].position
