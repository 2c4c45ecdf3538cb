"""The log as indexing reads it: followed from the views' position, and asked for single records.

Knows the bus methods of storage; never knows what a view is for. Progress is told through `wait_for`:
whoever needs a position waits here.
"""

import asyncio
import logging

from common.bus import BusError, Node
from common.feed.record import Record
from common.store import StoreFull
from services.indexing.model import Index
from services.indexing.views import Row

__all__ = ["TOO_SLOW", "Log"]

LOGGER = logging.getLogger("indexing")
RETRY_S = 0.2
"""Between tries while storage is away."""
PAUSE_S = 1.0
"""Between tries while the disk is full."""
MAX_PENDING = 10_000
"""Changes of the graph kept for one watcher that does not read: as many batches, then it is given up."""
TOO_SLOW: list[Row] = []
"""What a watcher gets last that did not keep up."""


class Log:
    """One reader of the log for the whole process."""

    def __init__(self, node: Node, index: Index) -> None:
        self._node = node
        self._index = index
        self._moved = asyncio.Event()
        self._edges: set[asyncio.Queue[list[Row]]] = set()
        #: Why nothing is folded now.
        self.trouble: str | None = None

    async def follow(self) -> None:
        """Fold the log for ever, from wherever the views are; storage may come and go."""
        while True:
            try:
                await self._node.wait_up("storage")
                await self._check()
                await self._read()
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
        if mark is None:
            return
        position, begin = mark
        found = [b""]
        if position <= await self.end():
            found = await self._bodies([position])
        if found[0][: len(begin)] != begin:
            LOGGER.warning("the log is not the one the views know: they are folded again")
            self._index.forget()

    async def _read(self) -> None:
        options = {"after": self._index.position, "live": True, "limit": -1}
        async with self._node.source("storage", "log.read", options) as stream:
            async for batch in stream:
                assert batch.position is not None  # noqa: S101  docs/bus.md section 6
                contacts = self._index.fold(batch.position - len(batch.bodies) + 1, batch.bodies)
                self.trouble = None
                self._tell(contacts)

    def _tell(self, contacts: list[Row]) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        if contacts:
            for queue in list(self._edges):
                full = queue.full()
                if full:
                    self._edges.discard(queue)
                    queue.get_nowait()
                queue.put_nowait(TOO_SLOW if full else contacts)

    def watch_edges(self) -> asyncio.Queue[list[Row]]:
        """New rows of the graph from now on, until `unwatch_edges` or TOO_SLOW."""
        queue: asyncio.Queue[list[Row]] = asyncio.Queue(MAX_PENDING)
        self._edges.add(queue)
        return queue

    def unwatch_edges(self, queue: asyncio.Queue[list[Row]]) -> None:
        """Stop what `watch_edges` began."""
        self._edges.discard(queue)

    async def wait_for(self, position: int) -> None:
        """Return when all views have seen a position."""
        while self._index.position < position:
            await self._moved.wait()

    async def end(self) -> int:
        """The last position of the log, as storage has it now; waits for a storage that is away.

        Raises: Unavailable, when it goes away while asked.
        """
        await self._node.wait_up("storage")
        reply = await self._node.call("storage", "log.position")
        return int(reply.json()["position"])

    async def catch_up(self, seconds: float) -> None:
        """Wait until what is in the log now is in the views, but no longer than this."""
        try:
            async with asyncio.timeout(seconds):
                await self.wait_for(await self.end())
        except (TimeoutError, BusError):
            return

    async def records(self, positions: list[int]) -> list[Record]:
        """The records at these positions, in their order; deleted ones are left out.

        Raises: Unavailable.
        """
        found = [Record.parse(body) for body in await self._bodies(positions) if body]
        return [record for record in found if record.message]

    async def _bodies(self, positions: list[int]) -> list[bytes]:
        async with self._node.source("storage", "log.get", {"positions": positions}) as stream:
            return [body async for batch in stream for body in batch.bodies]
