"""The views at the end of the log: what comes is folded, and whoever waits is told.

Where much is to come the follow graph goes ahead alone, for it decides who is let in and what is replicated; views that are
behind it are the builder's. Knows when the log is another one than the views know, and that the disk may be full. Called
by `__main__`; queries wait here.
"""

import asyncio
import logging
from array import array
from collections.abc import Callable, Iterable, Iterator
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
FAR = 1_000
"""So many messages before the end of the log, the graph goes ahead."""
HOPELESS = 5_000
"""So many messages are not folded while a query waits: it does not, and answers with what there is."""
LOOK_S = 0.05
"""Between two looks at where the log ends."""
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
        self._end = 0
        self._look_at = 0.0
        #: Called whenever storage is there again.
        self.on_connected: Callable[[], None] = _ignore
        #: Called when views are left behind the graph.
        self.on_ahead: Callable[[], None] = _ignore
        #: Why nothing is folded now.
        self.trouble: str | None = None
        #: Positions of messages that were opened after they were folded, in that order.
        self.opened = array("Q")

    async def follow(self) -> None:
        """Fold the log for ever, from wherever the views are; storage may come and go."""
        while True:
            try:
                await self._log.wait_up()
                self.on_connected()
                await self._check()
                async for first, records in self._log.read(self._index.front, live=True):
                    far = await self._is_far(first + len(records) - 1)
                    self.told(self._index.fold(first, records, graph_only=far))
                    if far:
                        self.on_ahead()
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

    async def _is_far(self, position: int) -> bool:
        """Whether much of the log follows after a position."""
        now = asyncio.get_running_loop().time()
        if position >= self._end and now >= self._look_at:
            self._end, self._look_at = await self._log.end(), now + LOOK_S
        return self._end - position > FAR

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

    def told_late(self, folded: Folded, positions: Iterable[int]) -> None:
        """The same of messages that were folded before; who follows is told of those at these positions again."""
        self.opened.extend(positions)
        self.told(folded)

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

    async def wait_for_graph(self, position: int) -> None:
        """Return when the follow graph has seen a position."""
        await self.until(lambda: self._index.graph_position >= position)

    async def catch_up(self) -> None:
        """Wait until what is in the log now is in the views, but no longer than PATIENCE_S.

        So that who publishes and then asks finds the message; in vain where the views are far behind, so not then.
        """
        await self._patiently(lambda: self._index.position)

    async def graph_caught_up(self) -> None:
        """The same for the follow graph, which may be far ahead of the views."""
        await self._patiently(lambda: self._index.graph_position)

    async def _patiently(self, seen: Callable[[], int]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                end = await self._log.end()
                if end - seen() <= HOPELESS:
                    await self.until(lambda: seen() >= end)
        except (TimeoutError, BusError):
            return


def _ignore() -> None:
    pass
