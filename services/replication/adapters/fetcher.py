"""Histories fetched from one peer that does not speak EBT.

Knows `createHistoryStream` of a peer; must never know EBT. Made by `Peers` for a connection, ended with it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from common.bus import BusError, Node, PeerError, Stream
from common.gossip import MAX_LIVE, MAX_TURNS, Histories, Message, Request
from common.refs import FeedId
from common.runtime.workers import worker_of
from services.replication.adapters.appender import Appender, ForgedError
from services.replication.conduct import Conduct
from services.replication.items import read_message
from services.replication.model import Change
from services.replication.progress import Traffic

LOGGER = logging.getLogger(__name__)

TURN_SECONDS: Final = 5.0
"""How often feeds whose turn has come are looked for."""
WINDOW: Final = 1 << 17
"""Credit of one history: there may be hundreds."""


class World(Protocol):
    """What a fetcher asks of the hub."""

    conduct: Conduct
    traffic: Traffic

    @property
    def clock(self) -> Mapping[FeedId, int]:
        """The heads of all feeds here."""
        ...

    def now(self) -> float:
        """Milliseconds of a steady clock."""
        ...

    def room(self, feed: FeedId) -> int:
        """How many more messages of a feed are taken; -1 for all."""
        ...

    def spend(self, peer: FeedId, n_bytes: int) -> bool:
        """Counts bytes that came from the peer; whether it is to rest for now."""
        ...

    def rest_seconds(self, peer: FeedId) -> float:
        """How long nothing is exchanged with the peer."""
        ...


class Fetcher:
    """All histories of one connection.

    `bad` are the feeds that this peer is not asked for again: it has another branch, or what it sent was not valid.
    """

    def __init__(
        self,
        node: Node,
        appender: Appender,
        connection: str,
        peer: FeedId,
        world: World,
        *,
        limit: int,
        bad: set[FeedId],
    ) -> None:
        self._node = node
        self._appender = appender
        self._connection = connection
        self._world = world
        self.peer = peer
        turns = min(MAX_TURNS, max(1, limit // 4))
        self._histories = Histories(min(MAX_LIVE, limit - turns), turns)
        self._bad = bad
        for feed in bad:
            self._histories.stop(feed)
        self._tasks: dict[FeedId, asyncio.Task[None]] = {}
        self._taking: set[FeedId] = set()
        """Feeds of which messages are on their way to the log: those are taken whatever comes."""
        self._work = asyncio.Event()
        self.heard = False
        self.traffic = Traffic(whole=world.traffic)
        self._useless = False

    async def run(self, wanted: set[FeedId]) -> None:
        """Fetches until cancelled, or until the peer shows that it does not know how; `wanted` to begin with."""
        self._histories.want(sorted(wanted), self._world.now())
        loop = asyncio.get_running_loop()
        try:
            while not self._useless:
                await self._rest()
                for request in self._histories.next(self._world.clock, self._world.now()):
                    room = self._world.room(request.feed)
                    if room:
                        task = loop.create_task(self._fetch(request, room))
                        self._tasks[request.feed] = task
                    else:
                        self._histories.stop(request.feed)
                with suppress(TimeoutError):
                    async with asyncio.timeout(TURN_SECONDS):
                        await self._work.wait()
                self._work.clear()
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _rest(self) -> None:
        """Asks for nothing while the peer has used up its bytes; then everything is asked for again."""
        while (seconds := self._world.rest_seconds(self.peer)) > 0:
            open_now = dict(self._tasks)
            for feed, task in open_now.items():
                if feed not in self._taking:
                    task.cancel()
            await asyncio.gather(*open_now.values(), return_exceptions=True)
            for feed in open_now:
                self._histories.drop(feed)
            self._histories.want(open_now, self._world.now())
            await asyncio.sleep(seconds)

    @property
    def n_open(self) -> int:
        """Histories that are asked for now."""
        return len(self._tasks)

    def changed(self, change: Change) -> None:
        """Other feeds are wanted."""
        self._histories.want(change.added, self._world.now())
        for feed in change.removed:
            self._cancel(feed)
            self._histories.drop(feed)
        self._work.set()

    def refused(self, feed: FeedId, reason: str) -> None:
        """The log did not take what came: a fork is not fetched again, after a gap it begins anew."""
        if reason == "fork":
            self._stop(feed)
        self._cancel(feed)

    def _stop(self, feed: FeedId) -> None:
        """The peer is not asked for this feed again, on no connection."""
        self._histories.stop(feed)
        self._bad.add(feed)

    def _cancel(self, feed: FeedId) -> None:
        task = self._tasks.get(feed)
        if task is not None:
            task.cancel()

    async def _fetch(self, request: Request, room: int) -> None:
        """One history, or `room` messages of it; a peer that breaks its order is not asked for this feed again."""
        options = {"id": request.feed, "seq": request.sequence, "live": request.live, "keys": False}
        call = {
            "connection": self._connection,
            "name": ["createHistoryStream"],
            "type": "source",
            "args": [options],
        }
        try:
            worker = worker_of(self._connection)
            stream = self._node.duplex(worker, "connections.call", call, window=WINDOW)
            async with stream:
                await self._read(request, stream, room)
        except BusError as error:
            LOGGER.info("a history ended: %s", error, extra={"fields": {"feed": request.feed}})
            self._useless = not self.heard
            if isinstance(error, ForgedError):
                self._world.conduct.forged(self.peer, self._world.now())
        finally:
            if self._tasks.get(request.feed) is asyncio.current_task():
                del self._tasks[request.feed]
            self._histories.ended(request.feed, self._world.now())
            self._work.set()

    async def _read(self, request: Request, stream: Stream, room: int) -> None:
        expected = request.sequence
        async for batch in stream:
            self.heard = True
            try:
                messages = in_order(request.feed, expected, batch.bodies)
                left = request.sequence + room - expected if room >= 0 else len(messages)
                expected += len(messages)
                size = sum(map(len, batch.bodies))
                self.traffic.came(len(messages), size)
                if self._world.spend(self.peer, size):
                    self._work.set()
                self._taking.add(request.feed)
                await self._appender.take(messages[:left], self)
            except PeerError as error:
                self._stop(request.feed)
                stream.fail(error)
                raise
            finally:
                self._taking.discard(request.feed)
            if left < len(messages):
                self._histories.stop(request.feed)
            if left < len(messages) or self._world.rest_seconds(self.peer):
                return


def in_order(feed: FeedId, sequence: int, bodies: Sequence[bytes]) -> list[Message]:
    """The messages of a feed from this sequence on.

    Raises:
        PeerError: something else stands among them.
    """
    messages: list[Message] = []
    for body in bodies:
        message = read_message(body)
        if message is None:
            raise PeerError("expected a message")
        if message.author != feed:
            raise PeerError(f"expected a message of {feed}")
        if message.sequence != sequence + len(messages):
            expected = sequence + len(messages)
            raise PeerError(f"expected sequence {expected} but got {message.sequence}")
        messages.append(message)
    return messages
