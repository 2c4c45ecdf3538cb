"""Deleted messages are taken out of the views, and storage is told when that is done.

Knows the journal of storage, the fold and who is told of changes of the graph; never knows what is deleted or why. Called
by `__main__`.
"""

import asyncio
import logging

from common.bus import BusError
from common.store import StoreFull
from services.indexing.adapters.follower import PAUSE_S, RETRY_S, Follower
from services.indexing.adapters.log import Log
from services.indexing.adapters.search import Search
from services.indexing.model.index import Index

__all__ = ["Eraser"]

LOGGER = logging.getLogger("indexing")


class Eraser:
    """The one follower of what is deleted."""

    def __init__(self, log: Log, index: Index, follower: Follower, search: Search) -> None:
        self._log = log
        self._index = index
        self._follower = follower
        self._search = search

    async def work(self) -> None:
        """Take out what is deleted, for ever.

        Storage forgets an entry only after its number was written together with the views, and that is only after search
        has let go of it.
        """
        while True:
            try:
                await self._log.wait_up()
                await self._log.erased(self._index.erasures)
                async for number, erased in self._log.erasures(self._index.erasures):
                    await self._search.erase(erased)
                    self._follower.told(self._index.erase(number, erased))
                    await self._log.erased(number)
            except StoreFull as error:
                LOGGER.info("nothing is taken out: %s", error)
                await asyncio.sleep(PAUSE_S)
            except BusError as error:
                LOGGER.info("reading what is deleted again: %s", error)
                await asyncio.sleep(RETRY_S)
