"""The log as indexing reads it: followed from the views' position, and asked for single records.

Knows the bus methods of storage; never knows what a view is for. Progress is told through `wait_for`:
whoever needs a position waits here.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from common.bus import BusError, Node
from common.feed.record import Record
from common.store import StoreFull
from services.indexing.model import Folded, Index

__all__ = ["TOO_SLOW", "Log"]

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


class Log:
    """One reader of the log for the whole process."""

    def __init__(self, node: Node, index: Index) -> None:
        self._node = node
        self._index = index
        self._moved = asyncio.Event()
        self._watchers: set[asyncio.Queue[Folded]] = set()
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
                folded = self._index.fold(batch.position - len(batch.bodies) + 1, batch.bodies)
                self.trouble = None
                self._tell(folded)

    def _tell(self, folded: Folded) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        if folded.edges:
            for queue in list(self._watchers):
                full = queue.full()
                if full:
                    self._watchers.discard(queue)
                    queue.get_nowait()
                queue.put_nowait(TOO_SLOW if full else folded)

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Folded]]:
        """What happens to the graph from now on, while the context lasts or until TOO_SLOW."""
        queue: asyncio.Queue[Folded] = asyncio.Queue(MAX_PENDING)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

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

    async def catch_up(self) -> None:
        """Wait until what is in the log now is in the views, but no longer than PATIENCE_S.

        So that who publishes and then asks finds the message.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
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
