"""From a seed to a world: who is there, who wants what, and what goes wrong until the quiet begins."""

from collections.abc import Callable
from random import Random

from common.feed.validate import Verified
from common.refs import FeedId
from tests.simulation.faults import FAULTS
from tests.simulation.library import feed
from tests.simulation.lines import Quality
from tests.simulation.peer import Peer
from tests.simulation.topologies import TOPOLOGIES
from tests.simulation.world import Edge, World

TROUBLE_MS = 60_000
"""Everything goes wrong before this; then there are only liars."""
COLD = 100
"""Where the numbers of feeds without a peer begin."""
SIZES = (3, 4, 5, 6, 7, 8, 10, 12)
LARGE = (24, 36)
LARGE_SHARE = 0.02
FAULT_SHARE = 0.3


class Plan:
    """The dice of one seed, rolled; `faults` are names of what goes wrong."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        is_large = random.random() < LARGE_SHARE
        size = random.randint(*LARGE) if is_large else random.choice(SIZES)
        self.topology = random.choice([t for t in TOPOLOGIES if not is_large or t != "mesh"])
        self.faults = {fault for fault in FAULTS if random.random() < FAULT_SHARE}
        self.world = World(random)
        self.peers = [feed(n) for n in range(size)]
        self.feeds = [*self.peers, *(feed(COLD + n) for n in range(random.randint(0, 6)))]
        self._people()
        self._pasts()
        for a, b in TOPOLOGIES[self.topology](size, random):
            edge = Edge(self.peers[a], self.peers[b], self._quality(), self._lifetime())
            self.world.add_edge(edge)
        for fault in FAULTS:
            if fault in self.faults:
                FAULTS[fault](self)
        for peer in self.world.peers.values():
            peer.start()
            for _ in range(random.randint(0, 4)):
                self.at(0, 1, peer.publish)
        self.world.timeline.after(TROUBLE_MS, self._quiet)

    def __str__(self) -> str:
        faults = ", ".join(sorted(self.faults)) or "no fault"
        return f"{len(self.peers)} peers, {self.topology}, {len(self.feeds)} feeds; {faults}"

    def some(self, share: float) -> list[Peer]:
        """Up to a share of the peers, one at least."""
        count = max(1, int(len(self.peers) * share * self.random.random()))
        return [self.world.peers[own] for own in self.random.sample(self.peers, count)]

    def at(self, begin: float, end: float, act: Callable[[], None]) -> None:
        """Does something at a moment between two shares of the time of trouble."""
        self.world.timeline.after(TROUBLE_MS * self.random.uniform(begin, end), act)

    def _people(self) -> None:
        share = self.random.choice((1, 1, 0.7))
        for own in self.peers:
            peer = self.world.peers[own] = Peer(self.world, own)
            peer.want({f for f in self.feeds if self.random.random() < share}, set())

    def _pasts(self) -> None:
        """One peer has all of a feed, its author where that is a peer; some have its beginning."""
        random = self.random
        for author in self.feeds:
            length = random.choice((0, 1, random.randint(2, 12), random.randint(5, 40)))
            past = self._past(author, length)
            for own in self.peers:
                peer = self.world.peers[own]
                if author in peer.disk.wanted and random.random() < 0.3:
                    peer.hold(past[: random.randint(0, length)])
            whole = author if author in self.world.peers else random.choice(self.peers)
            self.world.peers[whole].want({author}, set())
            self.world.peers[whole].hold(past)

    def _past(self, author: FeedId, length: int) -> list[Verified]:
        past: list[Verified] = []
        for _ in range(length):
            past.append(self.world.library.write(author, past[-1] if past else None, "0"))
        return past

    def _quality(self) -> Quality:
        random = self.random
        if "slow" in self.faults and random.random() < 0.4:
            return Quality(random.uniform(200, 1_500), random.uniform(1, 10))
        return Quality(random.uniform(2, 150), random.uniform(50, 1_000))

    def _lifetime(self) -> float:
        is_lossy = "lossy" in self.faults and self.random.random() < 0.6
        return self.random.uniform(3_000, 20_000) if is_lossy else 0

    def _quiet(self) -> None:
        """From now on nothing breaks, and who was down is up."""
        for edge in self.world.edges:
            edge.lifetime = 0
            edge.is_open = True
        for peer in self.world.peers.values():
            if peer.process is None:
                peer.start()
