"""One EBT stream to a peer, whoever called: items in both directions, and what waits to be sent.

Knows the stream and the items on it; must never know other streams. Made by the handler of `ebt.replicate` and
by who calls it on peers; the hub tells it what to send.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Protocol

from common.bus import Batch, PeerError
from common.gossip import (
    Event,
    FeedForked,
    Message,
    MessageForged,
    MessagesLost,
    MessagesReceived,
    NotesReceived,
    Session,
)
from common.refs import FeedId
from services.replication.adapters.appender import Appender, ForgedError
from services.replication.answers import Answers
from services.replication.conduct import USELESS_POINTS, Conduct
from services.replication.items import Notes, read_message, read_notes
from services.replication.progress import Traffic

MAX_WAITING: Final = 1 << 20
"""Bytes that wait for a slow peer before it counts as congested: as many as the bus has under way."""
WAITING_IN_ALL: Final = 32 << 20
"""Bytes that wait for all peers together, where they are many."""
LEAST_WAITING: Final = 1 << 16
"""Bytes that may wait for each of them all the same."""
SEND_BYTES: Final = 1 << 18
"""Of one send: small enough that a stop is heard between two."""
NOTES_PER_TURN: Final = 2_000
"""Notes taken at a time: a clock of 100,000 feeds must not keep other sessions waiting."""
JSON: Final = 2


class Duplex(Protocol):
    """What both ends of a duplex of the bus can do: `Call` and `Stream`."""

    def __aiter__(self) -> AsyncIterator[Batch]: ...

    async def send(self, bodies: Sequence[bytes]) -> None:
        """Waits for credit."""


class World(Protocol):
    """What a link tells of itself, and asks: all sessions of the process."""

    conduct: Conduct
    traffic: Traffic

    @property
    def sessions(self) -> Mapping[FeedId, Session]:
        """What the machine knows of each peer."""
        ...

    def spend(self, peer: FeedId, n_bytes: int) -> bool:
        """Counts bytes that went to the peer or came from it."""
        ...

    def is_overrun(self, peer: FeedId) -> bool:
        """Whether the peer goes on sending although it was told to rest."""
        ...

    def now(self) -> float:
        """Milliseconds of a steady clock."""
        ...

    def handle(self, event: Event) -> None:
        """Something happened on a link."""

    async def memory(self, peer: FeedId) -> Mapping[FeedId, int]:
        """What the peer had when its last session ended."""
        ...

    def join(self, link: "Link", memory: Mapping[FeedId, int], *, client: bool) -> None:
        """A link begins."""

    def leave(self, link: "Link") -> None:
        """A link is over."""

    def congested(self, link: "Link", *, congested: bool) -> None:
        """More waits on a link than should, or no longer."""

    def pause(self, peer: FeedId, n_notes: int) -> float:
        """Seconds until the peer may tell more notes."""
        ...


class Link:
    """The stream of one session."""

    def __init__(
        self, hub: World, appender: Appender, stream: Duplex, peer: FeedId, version: int
    ) -> None:
        self.peer = peer
        self.version = version
        self.traffic = Traffic(whole=hub.traffic)
        self.remembered = 0
        self.remembered_at = 0.0
        self.over = asyncio.Event()
        self._hub = hub
        self._appender = appender
        self._stream = stream
        self._answers = Answers()
        self._verify: list[Message] = []
        self._verifying: list[asyncio.Task[None]] = []
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._congested = False
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def run(self, *, client: bool) -> None:
        """Replicates until either side ends it.

        Raises:
            PeerError: the peer broke the protocol, or its session was ended for a reason.
            BusError: what the stream ended with.
        """
        loop = asyncio.get_running_loop()
        memory = await self._hub.memory(self.peer)
        self.remembered_at = self._hub.now()
        self._hub.join(self, memory, client=client)
        tasks = [loop.create_task(self._read()), loop.create_task(self._write())]
        try:
            ends: list[asyncio.Future[Any]] = [*tasks, self._end]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
            if self._end.done() and self._end.result():
                raise PeerError(self._end.result())
        finally:
            self._hub.leave(self)
            self._room.set()
            self.over.set()
            under_way = [*tasks, *self._verifying]
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    @property
    def ended_here(self) -> bool:
        """Whether this side ended it."""
        return self._end.done()

    def end(self, reason: str) -> None:
        """Ends the session; an empty reason is no error."""
        if not self._end.done():
            self._end.set_result(reason)

    def put(self, bodies: Sequence[bytes]) -> None:
        """Lets items wait for the peer, behind those that do already."""
        self._waiting.extend(bodies)
        self._bytes += sum(map(len, bodies))
        self._work.set()
        if self._bytes > self._limit() and not self._congested:
            self._congested = True
            self._room.clear()
            self._hub.congested(self, congested=True)

    def _limit(self) -> int:
        """Bytes that may wait for this peer."""
        share = WAITING_IN_ALL // max(1, len(self._hub.sessions))
        return max(LEAST_WAITING, min(MAX_WAITING, share))

    async def has_room(self) -> None:
        """Waits while the link is congested; a link that is over has room."""
        await self._room.wait()

    def verify(self, messages: Sequence[Message]) -> None:
        """Lets messages be verified when what came with them has been looked at."""
        self._verify.extend(messages)

    def refused(self, feed: FeedId, reason: str) -> None:
        """The log did not take a message of this feed from this peer."""
        now = self._hub.now()
        lost = MessagesLost if reason == "gap" else FeedForked
        self._hub.handle(lost(self.peer, feed, now))

    async def _write(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                bodies, size, most = [], 0, min(SEND_BYTES, self._limit() // 2)
                while self._waiting and size < most:
                    bodies.append(self._waiting.popleft())
                    size += len(bodies[-1])
                await self._stream.send(bodies)
                self.traffic.went(size=size)
                self._hub.spend(self.peer, size)
                self._bytes -= size
                if self._congested and self._bytes < self._limit() // 4:
                    self._congested = False
                    self._room.set()
                    self._hub.congested(self, congested=False)

    async def _read(self) -> None:
        async for batch in self._stream:
            try:
                await self._take(batch)
                await self._begin_verifying()
            except PeerError as error:
                self.end(error.message)
                return
        await self._verified()

    async def _begin_verifying(self) -> None:
        """Lets what was asked for be verified while the next batch is read: one behind, in their order."""
        if self._verify:
            await self._verified()
            wanted, self._verify = self._verify, []
            self._verifying = [asyncio.create_task(self._append(wanted))]

    async def _verified(self) -> None:
        """Waits for the batch before this one."""
        for batch in self._verifying:
            await batch

    async def _append(self, wanted: list[Message]) -> None:
        try:
            await self._appender.take(wanted, self)
        except ForgedError as error:
            now = self._hub.now()
            self._hub.handle(MessageForged(self.peer, error.feed, error.message, now))
            self._hub.conduct.forged(self.peer, now)

    async def _take(self, batch: Batch) -> None:
        if batch.types is not None and any(kind != JSON for kind in batch.types):
            raise PeerError("expected JSON")
        messages: list[Message] = []
        size = sum(map(len, batch.bodies))
        self.traffic.came(size=size)
        self._hub.spend(self.peer, size)
        for body in batch.bodies:
            message = read_message(body)
            if message is not None:
                messages.append(message)
                continue
            self._receive(messages)
            messages = []
            await self._hear(read_notes(body, self.version))
        self._receive(messages)

    async def _hear(self, notes: Notes) -> None:
        """Takes notes, not faster than a peer may tell them: what it sends meanwhile waits."""
        items = list(notes.items())
        for n in range(0, max(len(items), 1), NOTES_PER_TURN):
            turn = dict(items[n : n + NOTES_PER_TURN])
            self._hub.handle(NotesReceived(self.peer, turn, self._hub.now()))
            await asyncio.sleep(self._hub.pause(self.peer, len(turn)))

    def _receive(self, messages: Sequence[Message]) -> None:
        if messages:
            now, before = self._hub.now(), len(self._verify)
            self.traffic.came(len(messages))
            if self._hub.is_overrun(self.peer):
                self._hub.conduct.note(self.peer, len(messages) * USELESS_POINTS, now)
                return
            session = self._hub.sessions.get(self.peer)
            asked = session.receiving if session is not None else ()
            answers = self._answers.count(messages, asked)
            self._hub.handle(MessagesReceived(self.peer, messages, now))
            useful = max(answers, len(self._verify) - before)
            points = (len(messages) - useful) * USELESS_POINTS
            self._hub.conduct.note(self.peer, points, now)
