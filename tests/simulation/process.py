"""One life of a peer's server: the real EBT machine and what stands around it, from a start to a crash."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from common.feed.validate import Verified
from common.gossip import (
    Appended,
    BlockChanged,
    Command,
    Congested,
    Connected,
    Disconnected,
    Ebt,
    EndSession,
    Event,
    FallBack,
    FeedForked,
    FeedRead,
    Message,
    MessageForged,
    MessagesLost,
    MessagesReceived,
    NotesReceived,
    ReadFeed,
    Remember,
    SendMessages,
    SendNotes,
    Ticked,
    Verify,
    WantedChanged,
)
from common.refs import FeedId
from tests.simulation.appending import Appending
from tests.simulation.histories import Ask, Fetcher, Giver
from tests.simulation.library import MESSAGE_BYTES, NOTE_BYTES
from tests.simulation.lines import Connection, Item

if TYPE_CHECKING:
    from tests.simulation.peer import Peer

TICK_MS = 1_000
READ_MS = 5
PATIENCE_MS = 5_000


class Link:
    """One EBT stream."""

    def __init__(self, process: "Process", connection: Connection) -> None:
        self.is_over = False
        self.process = process
        self.connection = connection
        self.peer = connection.other(process.own).own
        self.verify: list[Message] = []
        self.reads: list[ReadFeed] = []

    def refused(self, feed: FeedId, reason: str) -> None:
        """The log did not take a message."""
        event = MessagesLost if reason == "gap" else FeedForked
        self.process.handle(event(self.peer, feed, self.process.now))

    def forged(self, feed: FeedId) -> None:
        """A message was nobody's."""
        self.process.peer.world.forged(self.process.own, self.peer)
        self.process.handle(MessageForged(self.peer, feed, "forged", self.process.now))


class Process:
    """The machine, its sessions, and the histories beside them."""

    def __init__(self, peer: "Peer") -> None:
        self.peer = peer
        self.own = peer.own
        self.timeline = peer.world.timeline
        self.library = peer.world.library
        self.log = peer.disk.log
        self.wanted = peer.disk.wanted
        self.blocks = peer.disk.blocks
        self.is_over = False
        self.links: dict[FeedId, Link] = {}
        self.fetchers: dict[Connection, Fetcher] = {}
        self.givers: dict[Connection, Giver] = {}
        self.called: set[Connection] = set()
        self.ebt = Ebt(self.own, {feed: len(messages) for feed, messages in self.log.items()})
        self.appending = Appending(self.timeline, self.library, self.log, self._appended)
        self.handle(WantedChanged(sorted(self.wanted), (), self.now))
        for author, target in sorted(self.blocks):
            self.handle(BlockChanged(author, target, True, self.now))
        self.timeline.after(peer.world.random.random() * TICK_MS, self._tick)

    @property
    def now(self) -> float:
        """Milliseconds."""
        return self.timeline.now

    def handle(self, event: Event) -> None:
        """Gives the machine an event and does what it wants."""
        if not self.is_over:
            for command in self.ebt.handle(event):
                self._do(command)

    def put(self, connection: Connection, items: Sequence[Item]) -> None:
        """Sends over a connection."""
        connection.put(self.own, items)

    def stop(self) -> None:
        """Dies; what was under way is lost."""
        self.is_over = self.appending.is_over = True
        for fetcher in self.fetchers.values():
            fetcher.is_over = True

    def want(self, added: Sequence[FeedId], removed: Sequence[FeedId]) -> None:
        """Other feeds are wanted; the disk knows already."""
        self.handle(WantedChanged(added, removed, self.now))
        for fetcher in self.fetchers.values():
            fetcher.changed(added, removed)

    def opened(self, connection: Connection, *, client: bool) -> None:
        """A connection stands: calls EBT where we dialled, and waits for what the peer does where it did."""
        self.givers[connection] = Giver(self, connection)
        if client and self.peer.speech != "history":
            self.put(connection, [Item("ebt", None)])
            if self.peer.speech == "ebt":
                self._join(connection, client=True)
                return
        self.timeline.after(PATIENCE_MS, lambda: self._fetch_from_who_did_not_call(connection))

    def closed(self, connection: Connection) -> None:
        """A connection is over."""
        self.givers.pop(connection, None)
        fetcher = self.fetchers.pop(connection, None)
        if fetcher is not None:
            fetcher.is_over = True
        self._leave(connection)

    def congested(self, connection: Connection, congested: bool) -> None:
        """More waits on a connection than should, or no longer."""
        link = self._link(connection)
        if link is None:
            return
        self.handle(Congested(link.peer, congested))
        if not congested:
            reads, link.reads = link.reads, []
            for read in reads:
                self._read(link, read)

    def took(self, connection: Connection, items: Sequence[Item]) -> None:
        """Items arrived: runs of one kind together."""
        for kind, run in groupby(items, lambda item: item.kind):
            values = [item.value for item in run]
            if kind == "body":
                self._bodies(connection, values)
            elif kind == "give":
                self._gave(connection, values)
            else:
                for value in values:
                    self._other(connection, kind, value)

    def _other(self, connection: Connection, kind: str, value: object) -> None:
        link, giver = self._link(connection), self.givers.get(connection)
        if kind == "notes" and link is not None:
            assert isinstance(value, dict)
            self.handle(NotesReceived(link.peer, value, self.now))
        elif kind == "ebt":
            self.called.add(connection)
            if self.peer.speech == "ebt":
                self._join(connection, client=False)
            elif self.peer.speech == "history":
                self.put(connection, [Item("refused", None)])
        elif kind in ("refused", "over") and link is not None:
            self._leave(connection)
            self._fetch(connection)
        elif kind == "ask" and giver is not None:
            assert isinstance(value, Ask)
            giver.asked(value)
        elif kind == "stop" and giver is not None:
            assert isinstance(value, int)
            giver.stopped(value)
        elif kind == "end" and connection in self.fetchers:
            assert isinstance(value, int)
            self.fetchers[connection].ended(value)

    def _bodies(self, connection: Connection, bodies: Iterable[object]) -> None:
        link = self._link(connection)
        if link is None:
            return
        messages = [self.library.read(body) for body in bodies if isinstance(body, bytes)]
        self._count(connection, messages)
        self.handle(MessagesReceived(link.peer, messages, self.now))
        if link.verify:
            wanted, link.verify = link.verify, []
            self.appending.take(wanted, link)

    def _gave(self, connection: Connection, values: Iterable[object]) -> None:
        fetcher = self.fetchers.get(connection)
        if fetcher is None:
            return
        pairs = [value for value in values if isinstance(value, tuple)]
        self._count(connection, [self.library.read(body) for _, body in pairs])
        for number, run in groupby(pairs, lambda pair: int(pair[0])):
            fetcher.gave(number, [body for _, body in run])

    def _count(self, connection: Connection, messages: Sequence[Message]) -> None:
        self.peer.world.count(self.own, connection.other(self.own).own, messages)

    def _link(self, connection: Connection) -> Link | None:
        link = self.links.get(connection.other(self.own).own)
        return link if link is not None and link.connection is connection else None

    def _join(self, connection: Connection, *, client: bool) -> None:
        link = Link(self, connection)
        before = self.links.pop(link.peer, None)
        if before is not None:
            before.is_over = True
        self.links[link.peer] = link
        memory = self.peer.disk.memories.get(link.peer, {})
        self.handle(Connected(link.peer, client, self.now, memory))

    def _leave(self, connection: Connection) -> None:
        link = self._link(connection)
        if link is not None:
            link.is_over = True
            del self.links[link.peer]
            self.handle(Disconnected(link.peer, self.now))

    def _fetch_from_who_did_not_call(self, connection: Connection) -> None:
        if connection not in self.called or self.peer.speech != "ebt":
            self._fetch(connection)

    def _fetch(self, connection: Connection) -> None:
        if not self.is_over and connection in self.givers and connection not in self.fetchers:
            self.fetchers[connection] = Fetcher(self, connection)
            self.fetchers[connection].begin()

    def _tick(self) -> None:
        if not self.is_over:
            self.handle(Ticked(self.now))
            self.timeline.after(TICK_MS, self._tick)

    def _appended(self, verified: list[Verified]) -> None:
        if verified:
            messages = [Message(m.author, m.sequence, m.compact) for m in verified]
            self.handle(Appended(messages))
            for giver in self.givers.values():
                giver.appended(verified)

    def _do(self, command: Command) -> None:
        if isinstance(command, Remember):
            self.peer.disk.memories[command.peer] = dict(command.clock)
            return
        link = self.links.get(command.peer)
        if link is None:
            return
        if isinstance(command, SendMessages):
            self._send(link, command.bodies)
        elif isinstance(command, SendNotes):
            size = 10 + NOTE_BYTES * len(command.notes)
            self.put(link.connection, [Item("notes", dict(command.notes), size)])
        elif isinstance(command, Verify):
            link.verify.extend(command.messages)
        elif isinstance(command, ReadFeed):
            self._read(link, command)
        elif isinstance(command, FallBack):
            self.peer.world.fell_back(self.own, command.peer)
            self.put(link.connection, [Item("over", None)])
            self._leave(link.connection)
            self._fetch(link.connection)
        elif isinstance(command, EndSession):
            self.peer.world.end(link.connection)

    def _send(self, link: Link, bodies: Sequence[bytes]) -> None:
        authors = {self.library.read(body).author for body in bodies} if self.blocks else ()
        for author in authors:
            if (author, link.peer) in self.blocks:
                self.peer.world.broke_block(self.own, author, link.peer)
        self.put(link.connection, [Item("body", body, MESSAGE_BYTES) for body in bodies])

    def _read(self, link: Link, wanted: ReadFeed) -> None:
        if link.connection.is_congested(self.own):
            link.reads.append(wanted)
            return
        self.timeline.after(READ_MS, lambda: self._was_read(link, wanted))

    def _was_read(self, link: Link, wanted: ReadFeed) -> None:
        if self.is_over or link.is_over:
            return
        run = self.log.get(wanted.feed, [])[wanted.after : wanted.after + wanted.limit]
        bodies = [message.compact for message in run]
        last = wanted.after + len(bodies)
        self.handle(FeedRead(link.peer, wanted.feed, wanted.after, last, bodies))
