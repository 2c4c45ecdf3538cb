"""What queries read: rows of views, messages by their positions, and what comes.

Knows views by their names and the log; never knows who asks. Handed to every module of `services/indexing/views`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

from common.feed.record import Record
from common.refs import FeedId, MessageId
from services.indexing.adapters.follower import Follower
from services.indexing.adapters.log import Log
from services.indexing.model.index import BOTH, Index
from services.indexing.model.message import PRIVATE, PUBLIC, Message, Space
from services.indexing.model.social import Social
from services.indexing.model.view import Row

__all__ = ["BOTH", "CHUNK", "PRIVATE", "PUBLIC", "Reader"]

CHUNK = 200
"""Rows and records taken at a time: a bus message's worth."""
COMING = 4
"""Ranges of what came that are kept for those who follow live: they all want the same at the same time."""


class Reader:
    """Every query's way to the views and the log."""

    def __init__(self, log: Log, index: Index, follower: Follower) -> None:
        self._log = log
        self._index = index
        self._follower = follower
        self._coming: dict[tuple[int, int, int, int], asyncio.Future[list[Message]]] = {}

    @property
    def own(self) -> FeedId:
        """Our own feed."""
        return self._index.own

    @property
    def social(self) -> Social:
        """The follow graph and who is within reach, as they are now."""
        return self._index.social

    @property
    def position(self) -> int:
        """The last position that all views have seen."""
        return self._index.position

    async def caught_up(self) -> int:
        """Wait a moment for the views to see what is in the log now; gives the position that they have seen.

        First thing in every query: so whoever published before finds it.
        """
        await self._follower.catch_up()
        return self._index.position

    async def moved(self, after: int) -> int:
        """Wait until all views have seen more than a position; gives how far they are then."""
        await self._follower.wait_for(after + 1)
        return self._index.position

    def scan(
        self,
        view: str,
        start: bytes = b"",
        end: bytes | None = None,
        *,
        reverse: bool = False,
        limit: int | None = None,
        spaces: Sequence[Space] = (PUBLIC,),
    ) -> Iterator[Row]:
        """Rows with start <= key < end in key order, all at once: for few rows; see `walk` for many.

        `spaces` says whether rows about what came out of private boxes are wanted: PUBLIC alone, PRIVATE, or BOTH.
        """
        return self._index.scan(view, start, end, reverse=reverse, limit=limit, spaces=spaces)

    async def walk(
        self,
        view: str,
        start: bytes = b"",
        end: bytes | None = None,
        *,
        reverse: bool = False,
        spaces: Sequence[Space] = (PUBLIC,),
        step: int = CHUNK,
    ) -> AsyncIterator[list[Row]]:
        """The same in lists of `step` rows at most, for as many as there are; others get their turn between them.

        Who waits between two lists holds a key and nothing of the store; what is written meanwhile behind that key
        is found, as long as there is more.
        """
        more = True
        while more:
            found = self._index.scan(view, start, end, reverse=reverse, limit=step, spaces=spaces)
            rows = list(found)
            more = len(rows) == step
            if rows:
                yield rows
                await asyncio.sleep(0)
            if more and reverse:
                end = rows[-1].key
            elif more:
                start = rows[-1].key + b"\0"

    async def messages(self, positions: Sequence[int]) -> list[Message]:
        """The messages at these positions, in their order, boxes for us opened; deleted ones are left out.

        Raises: Unavailable.
        """
        return [self.read(*one) for one in await self.records(positions)]

    async def records(self, positions: Sequence[int]) -> list[tuple[int, Record]]:
        """The same as they are in the log, with their positions.

        Raises: Unavailable.
        """
        return await self._log.records(positions) if positions else []

    async def ahead(
        self, parts: AsyncIterator[Sequence[int]]
    ) -> AsyncIterator[list[tuple[int, Record]]]:
        """The records at each part of many positions; the next ones are on their way while these are worked on.

        Raises: Unavailable.
        """
        reading: asyncio.Future[list[tuple[int, Record]]] | None = None
        try:
            async for part in parts:
                before, reading = reading, asyncio.ensure_future(self.records(part))
                if before is not None:
                    yield await before
            if reading is not None:
                yield await reading
        finally:
            if reading is not None:
                reading.cancel()

    def read(self, position: int, record: Record) -> Message:
        """What a record says."""
        return self._index.opened(position, record)

    async def message(self, key: MessageId) -> Message | None:
        """A message by its id, at position 0, for that is not known; None where it is not in the log, or deleted.

        Raises: Unavailable.
        """
        return (await self.by_ids([key]))[0]

    async def by_ids(self, keys: Sequence[MessageId]) -> list[Message | None]:
        """The same of several, in their order.

        Raises: Unavailable.
        """
        found = await self._log.records_of(keys) if keys else []
        return [None if one is None else self._index.read(0, one) for one in found]

    def live(self, after: int) -> AsyncIterator[list[Message]]:
        """The messages after a position as the views see them, and those up to it that are opened from this call on, for ever.

        As after a `rebuild` of flumedb, which writes all rows again; but nothing else is told twice.

        Raises: Unavailable.
        """
        return self._live(after, len(self._follower.opened))

    async def _live(self, after: int, n_opened: int) -> AsyncIterator[list[Message]]:
        opened = self._follower.opened
        while True:
            await self._follower.until(partial(self._has_come, after, n_opened))
            late = opened[n_opened : n_opened + CHUNK]
            n_opened += len(late)
            if shown := [position for position in late if position <= after]:
                yield await self.messages(shown)
            elif self._index.position > after:
                upto = min(self._index.position, after + CHUNK)
                yield await self._came(after, upto)
                after = upto

    def _has_come(self, after: int, n_opened: int) -> bool:
        return self._index.position > after or len(self._follower.opened) > n_opened

    async def _came(self, after: int, upto: int) -> list[Message]:
        """The messages of a range, read once for all who wait for the same; not beyond an erasure, nor what opens some."""
        key = (after, upto, self._index.erasures, len(self._follower.opened))
        reading = self._coming.get(key)
        if reading is None or (
            reading.done() and (reading.cancelled() or reading.exception() is not None)
        ):
            while len(self._coming) >= COMING:
                del self._coming[next(iter(self._coming))]
            reading = asyncio.ensure_future(self.messages(range(after + 1, upto + 1)))
            self._coming[key] = reading
        return list(await asyncio.shield(reading))
