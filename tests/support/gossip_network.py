"""A network of EBT machines over queues, delivered in a seeded order: no clock, no sockets."""

from collections import deque
from collections.abc import Mapping
from random import Random

from common.gossip import (
    Appended,
    Command,
    Connected,
    Disconnected,
    Ebt,
    EndSession,
    Event,
    FallBack,
    FeedRead,
    Message,
    MessagesReceived,
    NotesReceived,
    ReadFeed,
    Remember,
    SendMessages,
    SendNotes,
    Ticked,
    Verify,
)
from common.refs import FeedId, feed_id

FEEDS = [feed_id(bytes([n]) * 32) for n in range(12)]
Wire = SendNotes | SendMessages


def body(feed: FeedId, sequence: int) -> bytes:
    return f"{feed} {sequence}".encode()


def message(feed: FeedId, sequence: int) -> Message:
    return Message(feed, sequence, body(feed, sequence))


def parse(raw: bytes) -> Message:
    feed, sequence = raw.decode().split()
    return Message(FeedId(feed), int(sequence), raw)


class Node:
    """One machine with a log that takes what comes in order."""

    def __init__(self, network: "Network", own: FeedId, clock: dict[FeedId, int]) -> None:
        self.network = network
        self.own = own
        self.log = dict(clock)
        self.ebt = Ebt(own, clock)
        self.memories: dict[FeedId, Mapping[FeedId, int]] = {}
        self.sent = 0
        self.notes = 0
        self._events: deque[Event] = deque()

    def handle(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) > 1:
            return
        while self._events:
            for command in self.ebt.handle(self._events[0]):
                self._do(command)
            self._events.popleft()

    def connect(self, peer: FeedId, *, client: bool) -> None:
        memory = self.memories.get(peer, {})
        self.handle(Connected(peer, client, self.network.now, memory))

    def publish(self) -> None:
        self._append([message(self.own, self.log.get(self.own, 0) + 1)])

    def _append(self, messages: list[Message]) -> None:
        taken = []
        for one in messages:
            if one.sequence == self.log.get(one.author, 0) + 1:
                self.log[one.author] = one.sequence
                taken.append(one)
        if taken:
            self.handle(Appended(taken))

    def _do(self, command: Command) -> None:
        if isinstance(command, Verify):
            self._append(list(command.messages))
        elif isinstance(command, ReadFeed):
            last = min(command.after + command.limit, self.log.get(command.feed, 0))
            bodies = [body(command.feed, n) for n in range(command.after + 1, last + 1)]
            self.handle(FeedRead(command.peer, command.feed, command.after, last, bodies))
        elif isinstance(command, Remember):
            self.memories[command.peer] = command.clock
        elif isinstance(command, EndSession | FallBack):
            self.network.disconnect(self.own, command.peer)
        else:
            if isinstance(command, SendMessages):
                self.sent += len(command.bodies)
            else:
                self.notes += len(command.notes)
            self.network.links[self.own, command.peer].append(command)

    def take(self, sender: FeedId, wire: Wire, now: float) -> None:
        if isinstance(wire, SendNotes):
            self.handle(NotesReceived(sender, wire.notes, now))
        else:
            self.handle(MessagesReceived(sender, [parse(raw) for raw in wire.bodies], now))


class Network:
    """Nodes and the two queues of each link."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = 0.0
        self.nodes: dict[FeedId, Node] = {}
        self.links: dict[tuple[FeedId, FeedId], deque[Wire]] = {}

    def add(self, own: FeedId, clock: dict[FeedId, int]) -> Node:
        self.nodes[own] = Node(self, own, clock)
        return self.nodes[own]

    def connect(self, client: FeedId, server: FeedId) -> None:
        self.links[client, server] = deque()
        self.links[server, client] = deque()
        self.nodes[client].connect(server, client=True)
        if (server, client) in self.links:
            self.nodes[server].connect(client, client=False)

    def disconnect(self, a: FeedId, b: FeedId) -> None:
        if self.links.pop((a, b), None) is None:
            return
        del self.links[b, a]
        self.nodes[a].handle(Disconnected(b, self.now))
        self.nodes[b].handle(Disconnected(a, self.now))

    def step(self) -> bool:
        """Delivers one thing of one queue; False when all is quiet."""
        ready = [link for link, queue in self.links.items() if queue]
        if not ready:
            return False
        sender, receiver = self.random.choice(ready)
        wire = self.links[sender, receiver].popleft()
        self.now += 1
        self.nodes[receiver].take(sender, wire, self.now)
        return True

    def settle(self) -> None:
        """Delivers all, with the passing of some time."""
        for _ in range(4):
            while self.step():
                pass
            self.now += 40_000
            for node in self.nodes.values():
                node.handle(Ticked(self.now))
        while self.step():
            pass
