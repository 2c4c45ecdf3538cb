"""The views at the end of the log: what comes is folded, and whoever waits is told.

Knows when the log is another one than the views know, and that the disk may be full. Views that are behind the others
are the builder's. Called by `__main__`; queries wait here.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from common.bus import BusError
from common.store import StoreFull
from services.indexing.adapters.log import Log
from services.indexing.model.index import Index
from services.indexing.model.social import Folded

__all__ = ["TOO_SLOW", "Follower"]

LOGGER = logging.getLogger("indexing")
RETRY_S = 0.2
"""Between tries while storage is away."""
PAUSE_S = 1.0
"""Between tries while the disk is full."""
PATIENCE_S = 1.0
"""How long a query waits for the views to see what was in the log when it came."""
MAX_PENDING = 10_000
"""Changes of the graph kept for one watcher that does not read: as many batches, then it is given up."""
TOO_SLOW = Folded([], {})
"""What a watcher gets last that did not keep up."""


class Follower:
    """One reader of the log for the whole process."""

    def __init__(self, log: Log, index: Index) -> None:
        self._log = log
        self._index = index
        self._moved = asyncio.Event()
        self._watchers: set[asyncio.Queue[Folded]] = set()
        #: Called whenever storage is there again.
        self.on_connected: Callable[[], None] = _ignore
        #: Why nothing is folded now.
        self.trouble: str | None = None

    async def follow(self) -> None:
        """Fold the log for ever, from wherever the views are; storage may come and go."""
        while True:
            try:
                await self._log.wait_up()
                self.on_connected()
                await self._check()
                async for first, records in self._log.read(self._index.front, live=True):
                    self.told(self._index.fold(first, records))
                    await asyncio.sleep(0)
            except StoreFull as error:
                if self.trouble is None:
                    LOGGER.error("nothing is folded: %s", error)  # noqa: TRY400  no fault of the program
                self.trouble = str(error)
                await asyncio.sleep(PAUSE_S)
            except BusError as error:
                LOGGER.info("reading the log again: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _check(self) -> None:
        """Begin anew when the log lost messages that were folded, whatever stands in their place now."""
        mark = self._index.mark
        if mark is not None and not await self._log.has(*mark):
            LOGGER.warning("the log is not the one the views know: they are folded again")
            self._index.forget()

    def told(self, folded: Folded) -> None:
        """Wake who waits for a view to move, and tell the watchers of the graph."""
        self.trouble = None
        self.moved()
        if folded.edges:
            for queue in list(self._watchers):
                full = queue.full()
                if full:
                    self._watchers.discard(queue)
                    queue.get_nowait()
                queue.put_nowait(TOO_SLOW if full else folded)

    def moved(self) -> None:
        """Wake who waits for a view to move."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Folded]]:
        """What happens to the graph from now on, while the context lasts or until TOO_SLOW."""
        queue: asyncio.Queue[Folded] = asyncio.Queue(MAX_PENDING)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return when something holds that can begin to only when a view moves."""
        while not holds():
            await self._moved.wait()

    async def wait_for(self, position: int) -> None:
        """Return when all views that answer have seen a position."""
        await self.until(lambda: self._index.position >= position)

    async def catch_up(self) -> None:
        """Wait until what is in the log now is in the views, but no longer than PATIENCE_S.

        So that who publishes and then asks finds the message.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.wait_for(await self._log.end())
        except (TimeoutError, BusError):
            return


def _ignore() -> None:
    pass
