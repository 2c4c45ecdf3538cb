"""The log followed for the blobs that its messages mention: the index is kept, and what the policy says is wanted.

Knows `log.read` and `log.get` of storage, and the hops; must never know quotas. Nothing is read before somebody needs it:
a server without quotas and without wishes costs the log no reader.
"""

import asyncio
import logging

from common.bus import CallerError, Node, again
from common.feed.record import Record
from common.refs import BlobId, MessageId
from common.refs.ids import blob_id
from common.store import StoreError
from services.blobs.adapters.exchange import Exchange
from services.blobs.adapters.hops import Hops
from services.blobs.adapters.mentions import Mentions
from services.blobs.model.mentions import mentioned

__all__ = ["Follower"]

LOGGER = logging.getLogger("blobs")
PAUSE_SECONDS = 10
"""Between tries while the disk is full."""
MAX_WISHES = 5_000
"""Blobs wanted by policy at a time; the oldest wish makes room: what nobody gave for so long is hardly anywhere."""


class Follower:
    """One reader of the log."""

    def __init__(self, node: Node, exchange: Exchange, mentions: Mentions) -> None:
        self._node = node
        self._exchange = exchange
        self._mentions = mentions
        self._needed = asyncio.Event()
        self._position = 0
        self._moved = asyncio.Event()
        self._wishes: dict[BlobId, None] = dict.fromkeys(exchange.mentioned())
        self.hops = Hops(node, self._feed_moved)
        exchange.watch(lambda meta: self._wishes.pop(meta.id, None))
        if mentions.policy.hops >= 0:
            self._needed.set()

    async def follow(self) -> None:
        """Follow the graph and the log, for ever, as soon as that is needed."""
        await self._needed.wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.hops.follow())
            tasks.create_task(again(self._node, "storage", self._follow_once))

    async def caught_up(self) -> None:
        """Wait until the graph is known, and every message that is in the log now was read.

        Raises:
            BusError: storage went away while asked.
        """
        self._needed.set()
        await self.hops.known.wait()
        await self._node.wait_up("storage")
        end = await self._end()
        while self._position < end:
            self._moved.clear()
            await self._moved.wait()

    async def blobs_of(self, message: MessageId) -> list[BlobId]:
        """The blobs that a message of the log mentions.

        Raises:
            CallerError: it is not here.
            Unavailable: storage is not.
        """
        await self._node.wait_up("storage")
        async with self._node.source("storage", "log.get", {"keys": [message]}) as stream:
            bodies = [body async for batch in stream for body in batch.bodies]
        text = Record.parse(bodies[0]).message if bodies and bodies[0] else b""
        if not text:
            raise CallerError(f"{message} is not here", "not_found")
        return [blob_id(blob) for blob in mentioned(text)]

    async def _follow_once(self) -> None:
        try:
            await self._check()
            await self._read()
        except StoreError as error:
            LOGGER.warning("what messages mention is not kept: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _end(self) -> int:
        return int((await self._node.call("storage", "log.position")).json()["position"])

    async def _check(self) -> None:
        """Begin anew when the log is not the one that was followed."""
        mark = self._mentions.mark
        if mark is None:
            return
        found = b""
        if mark.position <= await self._end():
            asked = {"positions": [mark.position]}
            async with self._node.source("storage", "log.get", asked) as stream:
                found = b"".join([body async for batch in stream for body in batch.bodies])
        if not found or Record.parse(found).key != mark.key:
            LOGGER.warning("the log is not the one that was followed: it is followed again")
            self._mentions.forget()

    async def _read(self) -> None:
        mark = self._mentions.mark
        self._reached(0 if mark is None else mark.position)
        options = {"after": self._position, "live": True, "limit": -1}
        async with self._node.source("storage", "log.read", options) as stream:
            async for batch in stream:
                assert batch.position is not None  # noqa: S101  docs/bus.md section 6
                for author, blob in self._mentions.take(batch.position, batch.bodies):
                    if self._mentions.is_near(author):
                        self._wish(blob)
                self._reached(batch.position)

    def _reached(self, position: int) -> None:
        self._position = position
        self._moved.set()

    def _feed_moved(self, author: bytes, hops: int | None) -> None:
        """A feed is at another distance; when it came near after its messages were read, its wishes begin now."""
        near = hops is not None and hops <= self._mentions.policy.hops
        if near == self._mentions.is_near(author):
            return
        try:
            self._mentions.set_near(author, near=near)
        except StoreError as error:
            LOGGER.warning("not remembered: %s", error)
            return
        if near:
            for blob in self._mentions.of(author):
                self._wish(blob)

    def _wish(self, blob: BlobId) -> None:
        if self._exchange.wish(blob):
            self._wishes[blob] = None
            if len(self._wishes) > MAX_WISHES:
                oldest = next(iter(self._wishes))
                del self._wishes[oldest]
                self._exchange.unwish(oldest)
