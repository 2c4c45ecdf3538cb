"""Rows of a view as they come: what live queries follow instead of reading every message.

Knows rows and positions; never knows what a view is for. Called by the views whose queries stay open.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from operator import attrgetter

from services.indexing.adapters.reader import BOTH, Reader
from services.indexing.model.message import Space
from services.indexing.model.view import Row

__all__ = ["arriving"]

PAUSE_S = 0.05
"""After each look, so that many who wait do not slow down a log that comes at full speed."""


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

    For ranges of keys that hold few rows.
    """
    while True:
        seen = await reader.moved(after)
        found = [
            row
            async for rows in reader.walk(view, start, end, spaces=spaces)
            for row in rows
            if after < row.position <= seen
        ]
        if found:
            yield sorted(found, key=attrgetter("position"))
        after = seen
        await asyncio.sleep(PAUSE_S)
