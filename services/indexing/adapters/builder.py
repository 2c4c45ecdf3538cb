"""Views that are behind the others: folded up to them in the background; and what is of no use is removed.

Knows the log and the fold; never knows what a view is for. Called by `__main__`.
"""

import asyncio
import logging

from common.bus import BusError
from common.store import StoreFull
from services.indexing.adapters.follower import PAUSE_S, RETRY_S, Follower
from services.indexing.adapters.log import Log
from services.indexing.model.index import Index

__all__ = ["Builder"]

LOGGER = logging.getLogger("indexing")
AT_ONCE = 10_000
"""Records asked for with one question."""


class Builder:
    """Brings views up to the front, one piece of the log after the other."""

    def __init__(self, log: Log, index: Index, follower: Follower) -> None:
        self._log = log
        self._index = index
        self._follower = follower
        self._asked = asyncio.Event()
        self._asked.set()
        follower.on_ahead = self.ask

    def ask(self) -> None:
        """There is something to do."""
        self._asked.set()

    async def work(self) -> None:
        """Build what is to be built, for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._log.wait_up()
                await self._build()
                await self._tidy()
            except StoreFull as error:
                LOGGER.info("nothing is built: %s", error)
                self._asked.set()
                await asyncio.sleep(PAUSE_S)
            except BusError as error:
                LOGGER.info("building again: %s", error)
                self._asked.set()
                await asyncio.sleep(RETRY_S)

    async def _build(self) -> None:
        while True:
            while (after := self._index.behind()) is not None:
                limit = min(self._index.front - after, AT_ONCE)
                async for first, records in self._log.read(after, live=False, limit=limit):
                    self._follower.told(self._index.fold(first, records))
                    await asyncio.sleep(0)
                if (
                    self._index.behind() == after
                ):  # a log that was replaced: the follower sees to it
                    await asyncio.sleep(RETRY_S)
            if not self._index.settle():
                return
            self._follower.moved()

    async def _tidy(self) -> None:
        for _ in self._index.empty():
            await asyncio.sleep(0)
