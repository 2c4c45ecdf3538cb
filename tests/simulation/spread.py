"""How often messages are sent more than once where nothing goes wrong: a wiring, and our machines on it.

The wiring is plain numbers, so that tests/interop/peers/ebt-network.js can put the reference's machines on the same.
"""

from collections import Counter
from dataclasses import dataclass
from random import Random

from common.feed.validate import Verified
from tests.simulation.library import feed
from tests.simulation.lines import Connection, Quality
from tests.simulation.peer import Peer
from tests.simulation.topologies import TOPOLOGIES
from tests.simulation.world import World

DIALLED_MS = 3_000
"""All connections begin within this time."""
SYNCED_MS = 60_000
END_MS = 120_000
LENGTH = 50
PUBLISHED = 10
READ_MS, APPEND_MS = 5, 14


@dataclass(frozen=True)
class Wiring:
    """Peers by number, each with a feed of `length` that all want.

    `edges` are (client, server, dialled at, delay of each way), `publishes` (at, who), in milliseconds.
    """

    size: int
    length: int
    edges: list[tuple[int, int, float, float]]
    publishes: list[tuple[float, int]]
    synced_ms: float = SYNCED_MS
    end_ms: float = END_MS
    read_ms: float = READ_MS
    append_ms: float = APPEND_MS


def wiring(topology: str, size: int, seed: int) -> Wiring:
    """The wiring of a seed."""
    random = Random(seed)
    edges = []
    for pair in TOPOLOGIES[topology](size, random):
        client, server = random.sample(pair, 2)
        dialled, delay = random.random() * DIALLED_MS, random.uniform(10, 100)
        edges.append((client, server, dialled, delay))
    publishes = [
        (random.uniform(SYNCED_MS, END_MS - 10_000), peer)
        for peer in range(size)
        for _ in range(PUBLISHED)
    ]
    return Wiring(size, LENGTH, edges, sorted(publishes))


def spread(wires: Wiring) -> list[Counter[str]]:
    """What our machines send: until all have the past, and while new messages are published."""
    world = World(Random(0))
    feeds = [feed(n) for n in range(wires.size)]
    for own in feeds:
        peer = world.peers[own] = Peer(world, own)
        peer.want(set(feeds), set())
        past: list[Verified] = []
        for _ in range(wires.length):
            past.append(world.library.write(own, past[-1] if past else None, "0"))
        peer.hold(past)
        peer.start()
    for client, server, dialled, delay in wires.edges:
        ends = world.peers[feeds[client]], world.peers[feeds[server]]
        connection = Connection(world.timeline, *ends, Quality(delay))
        world.timeline.after(dialled, connection.open)
    for moment, author in wires.publishes:
        world.timeline.after(moment, world.peers[feeds[author]].publish)
    world.timeline.run(wires.synced_ms)
    synced = Counter(world.counts)
    world.timeline.run(wires.end_ms)
    lengths = {peer.length(own) for peer in world.peers.values() for own in feeds}
    assert lengths == {wires.length + len(wires.publishes) // wires.size}
    return [synced, world.counts - synced]
