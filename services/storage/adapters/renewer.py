"""Writes the log and what is derived from it into new files, where the old ones cannot be read in places.

Knows the four families; what cannot be read is left out, so the checker leaves headers there before. Goes on beside
everything else: what is written meanwhile is in the new files too. Called by the handlers, after a check.
"""

import asyncio
from collections.abc import AsyncIterator
from struct import Struct
from typing import Final

from common.feed.record import Record, RecordError
from common.store import Batch, Store, StoreDamaged
from services.storage.model import Log

__all__ = ["renew"]

FAMILIES: Final = ("log", "ids", "feeds", "heads")
SLICE: Final = 100
"""Records, or heads, between two turns for others."""
_U64 = Struct(">Q")
_FEED = Struct(">32sQ")
_HEAD = Struct(">Q32sQ")


async def renew(store: Store, log: Log) -> AsyncIterator[int]:
    """Do it; gives the last position that was copied, again and again.

    Raises: StoreError: then the old files are in use as before.
    """
    renewal = store.renew(FAMILIES)
    try:
        position = 0
        authors = list(log.heads)
        for start in range(0, len(authors), SLICE):
            batch = Batch()
            for author in authors[start : start + SLICE]:
                sequence, key, at = log.heads[author]
                batch.put("heads", author, _HEAD.pack(sequence, key, at))
            renewal.write(batch)
            await asyncio.sleep(0)
        while position < log.position:
            first, position = position + 1, min(position + SLICE, log.position)
            renewal.write(_copied(store, first, position))
            yield position
            await asyncio.sleep(0)
        # Nobody had a turn since the end was compared: all is in the new files.
        renewal.finish()
    except BaseException:
        renewal.cancel()
        raise


def _copied(store: Store, first: int, last: int) -> Batch:
    batch = Batch()
    for place in map(_U64.pack, range(first, last + 1)):
        try:
            raw = store.get("log", place)
            record = Record.parse(raw) if raw else None
        except (StoreDamaged, RecordError):
            continue
        if raw is not None and record is not None:
            batch.put("log", place, raw)
            batch.put("ids", record.key, place)
            batch.put("feeds", _FEED.pack(record.author, record.sequence), place)
    return batch
