"""A small world for directed tests: peers by number, connections made and cut by hand."""

from collections.abc import Mapping
from random import Random

from common.feed.validate import Verified
from common.refs import FeedId
from tests.simulation.lines import Connection, Quality
from tests.simulation.peer import Peer
from tests.simulation.world import World

SETTLED_MS = 20_000


class Town:
    """Peers that are up, and the lines between them."""

    def __init__(self) -> None:
        self.world = World(Random(0))
        self._connections: dict[frozenset[FeedId], Connection] = {}

    def peer(self, own: FeedId, holds: Mapping[FeedId, int], *wants: FeedId) -> Peer:
        """A peer that has the beginnings of feeds and wants some."""
        peer = self.world.peers[own] = Peer(self.world, own)
        for author, length in holds.items():
            past: list[Verified] = []
            for _ in range(length):
                past.append(self.world.library.write(author, past[-1] if past else None, "0"))
            peer.hold(past)
        peer.want(set(wants), set())
        peer.start()
        return peer

    def connect(self, client: Peer, server: Peer) -> None:
        """Lets two peers talk from now on."""
        connection = Connection(self.world.timeline, client, server, Quality())
        self._connections[frozenset((client.own, server.own))] = connection
        connection.open()

    def cut(self, a: Peer, b: Peer) -> None:
        """Ends what they talk."""
        self._connections.pop(frozenset((a.own, b.own))).cut()
        self.pass_time(1)

    def are_connected(self, a: Peer, b: Peer) -> bool:
        """Whether they can talk."""
        connection = self._connections.get(frozenset((a.own, b.own)))
        return connection is not None and connection.up

    def pass_time(self, ms: float = SETTLED_MS) -> None:
        """Lets everything happen that is due by then."""
        self.world.timeline.run(self.world.timeline.now + ms)

    @property
    def sent(self) -> int:
        """Messages that came, known or not."""
        return self.world.counts["once"] + self.world.counts["twice"]
