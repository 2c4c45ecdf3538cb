"""Messages out of order: the machine of `common/gossip/ooo.py` in the world.

Knows streams to peers, and the bus methods of storage that look for messages and keep them; must never know EBT.
Whom we dialled is called by `ooo.stream`; who dialled us calls it, as in ssb-ooo. With several workers each asks the
peers that belong to it.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from common.bus import BusError, Node, again
from common.gossip.ooo import Ooo
from common.refs import FeedId, MessageId, is_feed
from common.runtime.limits import Buckets
from services.replication.adapters.hub import Hub
from services.replication.adapters.link import Duplex
from services.replication.conduct import USELESS_POINTS
from services.replication.model import Wishes
from services.replication.share import Share
from services.replication.strays import Read, author_of, judge, read_object, write_object

LOGGER = logging.getLogger(__name__)

TICK_SECONDS: Final = 10.0
LOOKS_PER_SECOND: Final = 200
"""Questions of one peer that are looked for in the store; more wait, and its stream with them."""
LOOKS_AT_ONCE: Final = 2_000
MAX_STREAMS: Final = 512
"""Peers that are asked at a time."""
BAD_POINTS: Final = 1_000
"""A message that is not the one that was asked for: ssb-ooo passes on what it could not verify, so a few are no crime."""


class Talk:
    """The stream of one peer."""

    def __init__(self) -> None:
        self.work = asyncio.Event()
        self.over = asyncio.Event()


class Exchange:
    """All `ooo.stream`s of this process, and who waits here for a message."""

    def __init__(
        self, node: Node, hub: Hub, wishes: Wishes, share: Share, hmac_key: bytes | None
    ) -> None:
        self._node = node
        self._hub = hub
        self._wishes = wishes
        self._part = share
        self._hmac_key = hmac_key
        self._machine = Ooo()
        self._talks: dict[FeedId, Talk] = {}
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[MessageId, set[asyncio.Future[None]]] = {}
        self._looks = Buckets(LOOKS_PER_SECOND, LOOKS_AT_ONCE)

    def state(self) -> dict[str, int]:
        """What is under way, for `status`."""
        return {"queries": self._machine.n_queries, "streams": len(self._talks)}

    async def run(self, ready: asyncio.Event) -> None:
        """Follows the connections and forgets what was wanted long ago, for ever; `ready` once blocks are known."""
        await ready.wait()
        async with asyncio.TaskGroup() as tasks:
            for worker in self._part.networks:
                tasks.create_task(self._follow(worker))
            while True:
                await asyncio.sleep(TICK_SECONDS)
                self._machine.expire(self._hub.now())

    async def find(self, key: MessageId, seconds: float | None, *, patient: bool) -> bool:
        """Asks peers for a message until one brings it, for so many seconds (None: for ever); true when it is stored.

        Who is not `patient` does not wait where there is nobody to ask.

        Raises:
            BusError: storage is away.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(future)
        try:
            self._machine.want(key, self._hub.now())
            await self._look_for([key])
            if not future.done() and not patient and not self._talks:
                return False
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await future
            return future.done() and not future.cancelled()
        finally:
            waiting = self._waiting[key]
            waiting.discard(future)
            if not waiting:
                del self._waiting[key]

    async def serve(self, stream: Duplex, peer: FeedId) -> None:
        """Asks and answers one peer until either side ends; a newer stream of it takes the place of this one.

        Raises:
            BusError: what the stream ended with.
            PeerError: the peer sent what cannot be read.
        """
        if (older := self._talks.pop(peer, None)) is not None:
            older.over.set()
            self._machine.leave(peer)
        elif len(self._talks) >= MAX_STREAMS:
            self._hub.refusals.note("too many ooo streams")
            return
        talk = self._talks[peer] = Talk()
        self._machine.join(peer)
        talk.work.set()
        loop = asyncio.get_running_loop()
        tasks = [
            loop.create_task(self._read(stream, peer, talk)),
            loop.create_task(self._write(stream, peer, talk)),
            loop.create_task(talk.over.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            if self._talks.get(peer) is talk:
                del self._talks[peer]
                self._machine.leave(peer)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, stream: Duplex, peer: FeedId, talk: Talk) -> None:
        async for batch in stream:
            for body in batch.bodies:
                await self._take(peer, talk, read_object(body))

    async def _take(self, peer: FeedId, talk: Talk, sent: Read) -> None:
        if talk.over.is_set():
            return
        now = self._hub.now()
        heard = self._machine.hear(peer, sent.numbers, now)
        self._hub.conduct.note(peer, heard.n_ignored * USELESS_POINTS, now)
        for key in heard.answers:
            await self._judge(peer, key, sent)
        if heard.look_for:
            await asyncio.sleep(self._looks.spend(peer, len(heard.look_for), now / 1000))
            await self._look_for(heard.look_for)
        self._wake()

    async def _judge(self, peer: FeedId, key: MessageId, sent: Read) -> None:
        candidate = judge(key, sent.answers[key], self._hmac_key)
        if candidate is None:
            self._hub.conduct.note(peer, BAD_POINTS, self._hub.now())
            self._machine.miss([key])
            return
        try:
            await self._node.call("storage", "ooo.put", {}, bodies=[candidate])
        except BusError as error:
            LOGGER.info("a message out of order could not be kept: %s", error)
            self._machine.miss([key])
        else:
            self._found([key])

    async def _write(self, stream: Duplex, peer: FeedId, talk: Talk) -> None:
        while True:
            await talk.work.wait()
            talk.work.clear()
            while self._machine.is_due(peer) and not talk.over.is_set():
                numbers = self._machine.asks(peer)
                keys = self._machine.answers(peer)
                found = zip(keys, await self._messages(keys), strict=True) if keys else ()
                messages = {key: text for key, text in found if text and self._may(peer, text)}
                if numbers or messages:
                    await stream.send([write_object(numbers, messages)])

    def _may(self, peer: FeedId, message: bytes) -> bool:
        """Whether a peer may have a message: not when its author blocks the peer."""
        return not self._wishes.is_blocking(author_of(message), peer)

    async def _look_for(self, keys: Sequence[MessageId]) -> None:
        try:
            found = await self._messages(keys)
        except BusError:
            self._machine.miss(keys)
            raise
        self._found([key for key, message in zip(keys, found, strict=True) if message])
        self._machine.miss([key for key, message in zip(keys, found, strict=True) if not message])
        self._wake()

    async def _messages(self, keys: Sequence[MessageId]) -> list[bytes]:
        async with self._node.source("storage", "ooo.find", {"keys": keys}) as stream:
            return [body async for batch in stream for body in batch.bodies]

    def _found(self, keys: Sequence[MessageId]) -> None:
        self._machine.have(keys)
        for key in keys:
            for future in self._waiting.get(key, ()):
                if not future.done():
                    future.set_result(None)

    def _wake(self) -> None:
        for peer, talk in self._talks.items():
            if self._machine.is_due(peer):
                talk.work.set()

    async def _follow(self, worker: str) -> None:
        async def once() -> None:
            async with self._node.source(worker, "connections.changes", {}) as stream:
                async for batch in stream:
                    for change in batch.json():
                        self._connection(worker, change)

        await again(self._node, worker, once)

    def _connection(self, worker: str, change: dict[str, Any]) -> None:
        name, feed = change.get("connection"), change.get("feed")
        if not isinstance(name, str) or change.get("type") != "connected":
            return
        if not is_feed(feed) or feed == self._wishes.own or not self._part.has(feed):
            return
        if change.get("client") and name not in self._calls:
            task = asyncio.get_running_loop().create_task(self._call(worker, name, feed))
            self._calls[name] = task
            task.add_done_callback(lambda _: self._calls.pop(name, None))

    async def _call(self, worker: str, name: str, feed: FeedId) -> None:
        """Calls `ooo.stream` of a peer that we dialled; many have no such method."""
        call = {"connection": name, "name": ["ooo", "stream"], "type": "duplex", "args": []}
        with suppress(BusError):
            async with self._node.duplex(worker, "connections.call", call) as stream:
                await self.serve(stream, feed)
