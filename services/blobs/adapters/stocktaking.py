"""The catalogue made equal to the folder, once at each start: files that others put there, files that others removed.

Knows both; must never know peers. Runs beside everything else, a slice at a time.
"""

import asyncio
import logging
from itertools import islice

from common.refs.ids import blob_id, raw
from common.store import StoreError
from services.blobs.adapters.catalogue import Catalogue
from services.blobs.adapters.files import Folder

__all__ = ["take_stock"]

LOGGER = logging.getLogger("blobs")
SLICE = 200
"""Files of one turn, each a look at the disk."""
PAUSE_SECONDS = 0.01
"""Between turns: a million files take a minute, and nobody waits for them."""


async def take_stock(folder: Folder, catalogue: Catalogue) -> None:
    """Enter what is in the folder and not in the catalogue, and the other way round; delete what was taken down."""
    try:
        await _enter(folder, catalogue)
        await _strike_out(folder, catalogue)
    except StoreError as error:
        LOGGER.warning("the files are not all known until the next start: %s", error)


async def _enter(folder: Folder, catalogue: Catalogue) -> None:
    for shelf in folder.shelves():
        for part in (shelf[n : n + SLICE] for n in range(0, len(shelf), SLICE)):
            for blob in part:
                if raw(blob) in catalogue.takedowns:
                    folder.remove(blob)
            unknown = [blob for blob in part if catalogue.entry(blob) is None]
            metas = [meta for blob in unknown if (meta := folder.meta(blob)) is not None]
            if metas:
                catalogue.found({meta.id: (meta.size, meta.ts) for meta in metas})
            await asyncio.sleep(PAUSE_SECONDS)


async def _strike_out(folder: Folder, catalogue: Catalogue) -> None:
    after = b""
    while part := [key for key, _ in islice(catalogue.entries(after), SLICE)]:
        for blob in map(blob_id, part):
            if folder.size(blob) is None:
                catalogue.gone(blob)
        after = part[-1]
        await asyncio.sleep(PAUSE_SECONDS)
