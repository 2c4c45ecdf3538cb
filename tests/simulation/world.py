"""The world around the peers: who can reach whom, and what is counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from common.feed.validate import Verified
from common.gossip import Message
from common.refs import FeedId
from tests.simulation.liars import Liar
from tests.simulation.library import Library, name
from tests.simulation.lines import Connection, End, Quality
from tests.simulation.peer import Peer
from tests.simulation.timeline import Timeline

DIAL_MS = 2_000
NOTICE_MS = 6_000
"""How long an end may take to see that a connection broke."""


@dataclass
class Edge:
    """Two who may connect. `lifetime` is the mean one of a connection in milliseconds; 0: it does not break."""

    a: FeedId
    b: FeedId
    quality: Quality
    lifetime: float = 0
    is_open: bool = True
    connection: Connection | None = None


class World:
    """Peers, liars and edges."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.timeline = Timeline()
        self.library = Library()
        self.peers: dict[FeedId, Peer] = {}
        self.liars: dict[FeedId, Liar] = {}
        self.edges: list[Edge] = []
        self.counts: Counter[str] = Counter()
        self.excused = 100
        """Messages that may come more than once beside the share that always may."""
        self.complaints: list[str] = []
        self._seen: dict[FeedId, set[bytes]] = {}

    def add_edge(self, edge: Edge) -> None:
        """Lets two connect whenever they are not, from now on."""
        self.edges.append(edge)
        self.timeline.after(self.random.random() * DIAL_MS, lambda: self._dial(edge))

    def cut(self, connection: Connection) -> None:
        """Breaks a connection; its ends hear of it late."""
        random = self.random.random
        connection.cut(random() * NOTICE_MS, random() * NOTICE_MS)

    def end(self, connection: Connection) -> None:
        """Ends a connection in order: both hear of it at once."""
        connection.cut(0, connection.quality.delay)

    def degree(self) -> int:
        """The most peers that one may be connected to."""
        return max(Counter(own for edge in self.edges for own in (edge.a, edge.b)).values())

    def lengths(self) -> dict[FeedId, int]:
        """The longest there is of every feed, among the honest."""
        lengths: dict[FeedId, int] = {}
        for peer in self.peers.values():
            for feed in peer.disk.log:
                lengths[feed] = max(lengths.get(feed, 0), peer.length(feed))
        return lengths

    def find(self, author: FeedId, sequence: int) -> Verified | None:
        """A true message, from whoever has it."""
        for peer in self.peers.values():
            if peer.length(author) >= sequence:
                return peer.disk.log[author][sequence - 1]
        return None

    def count(self, receiver: FeedId, sender: FeedId, messages: Sequence[Message]) -> None:
        """Counts what one peer got from another; what liars send is not counted."""
        if sender not in self.peers:
            return
        peer = self.peers[receiver]
        seen = self._seen.setdefault(receiver, set())
        for message in messages:
            again = message.body in seen or message.sequence <= peer.length(message.author)
            self.counts["twice" if again else "once"] += 1
            seen.add(message.body)

    def lost_data(self, peer: FeedId) -> None:
        """What the peer had seen it needs again."""
        self._seen.pop(peer, None)

    def forged(self, own: FeedId, peer: FeedId) -> None:
        """A peer was caught with a forged message."""
        self.counts["forged"] += 1
        if peer in self.peers:
            self.complaints.append(f"{name(own)} says that {name(peer)} forged")

    def fell_back(self, own: FeedId, peer: FeedId) -> None:
        """A peer that took EBT and said nothing is asked for histories."""
        self.counts["fell back"] += 1
        if peer in self.peers and self.peers[peer].speech == "ebt":
            self.complaints.append(f"{name(own)} fell back with {name(peer)}, who speaks EBT")

    def broke_block(self, own: FeedId, author: FeedId, target: FeedId) -> None:
        """A peer gave a feed to whom its author blocks."""
        broken = f"{name(own)} gave {name(author)} to {name(target)}, whom that blocks"
        self.complaints.append(broken)

    def _dial(self, edge: Edge) -> None:
        random = self.random
        self.timeline.after(DIAL_MS * (0.5 + random.random()), lambda: self._dial(edge))
        if not edge.is_open or (edge.connection is not None and edge.connection.up):
            return
        client, server = (edge.a, edge.b) if random.random() < 0.5 else (edge.b, edge.a)
        if not self._may(client, server) or not self._may(server, client):
            return
        peer = self.peers.get(client)
        if peer is not None and peer.process is not None:
            known = [c.other(client).own for c in peer.process.givers]
            if server in known:
                return
        ends: dict[FeedId, End] = {**self.peers, **self.liars}
        edge.connection = Connection(self.timeline, ends[client], ends[server], edge.quality)
        edge.connection.open()
        if edge.lifetime:
            connection = edge.connection
            self.timeline.after(random.expovariate(1 / edge.lifetime), lambda: self.cut(connection))

    def _may(self, own: FeedId, other: FeedId) -> bool:
        """Whether it is up and does not block the other."""
        peer = self.peers.get(own)
        return peer is None or (peer.process is not None and (own, other) not in peer.disk.blocks)
