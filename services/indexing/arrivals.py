"""Rows of a view as they come: what live queries follow instead of reading every message.

Knows rows and positions; never knows what a view is for. Called by the views whose queries stay open.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from operator import attrgetter

from services.indexing.adapters.reader import BOTH, Reader
from services.indexing.model.message import Space
from services.indexing.model.view import Row

__all__ = ["arriving", "moves"]

PAUSE_S = 0.05
"""After each look, so that many who wait do not slow down a log that comes at full speed."""


async def moves(reader: Reader, after: int) -> AsyncIterator[tuple[int, int]]:
    """How the views move on from a position, for ever: the one that was seen last, and the one that is seen now."""
    while True:
        seen = await reader.moved(after)
        yield after, seen
        after = seen
        await asyncio.sleep(PAUSE_S)


async def arriving(
    reader: Reader,
    view: str,
    start: bytes,
    end: bytes | None,
    after: int,
    *,
    spaces: Sequence[Space] = BOTH,
) -> AsyncIterator[list[Row]]:
    """The rows with start <= key < end of messages after a position, for ever, in the order of the log.

    For ranges of keys that hold few rows: all are looked at each time.
    """
    async for before, seen in moves(reader, after):
        found = [
            row
            async for rows in reader.walk(view, start, end, spaces=spaces)
            for row in rows
            if before < row.position <= seen
        ]
        if found:
            yield sorted(found, key=attrgetter("position"))
