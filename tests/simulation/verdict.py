"""What must hold at the end of a run."""

from common.refs import FeedId
from tests.simulation.library import name
from tests.simulation.peer import Peer
from tests.simulation.world import Edge, World


def complaints(world: World) -> list[str]:
    """What is wrong: with two honest peers that may talk, and with how much was sent."""
    found = list(world.complaints)
    for edge in world.edges:
        if edge.a in world.peers and edge.b in world.peers:
            found += _of_edge(edge, world.peers[edge.a], world.peers[edge.b])
    return [*found, *_of_counts(world)]


def _of_edge(edge: Edge, a: Peer, b: Peer) -> list[str]:
    """Two that do not block each other are connected, and have the same of all that both want and may have."""
    if (a.own, b.own) in a.disk.blocks or (b.own, a.own) in b.disk.blocks:
        return []
    if edge.connection is None or not edge.connection.up:
        return [f"{name(a.own)} and {name(b.own)} are not connected"]
    shared = sorted(
        feed
        for feed in a.disk.wanted & b.disk.wanted
        if (feed, a.own) not in b.disk.blocks and (feed, b.own) not in a.disk.blocks
    )
    return [found for feed in shared for found in _of_feed(feed, a, b)]


def _of_feed(feed: FeedId, a: Peer, b: Peer) -> list[str]:
    """As long as each other's; or on two branches, of which one peer saw both if one is longer."""
    saw_fork = a.saw_fork(feed) or b.saw_fork(feed)
    if not saw_fork and (a.refuses(feed, b.own) or b.refuses(feed, a.own)):
        return [f"{name(a.own)} and {name(b.own)} refuse {name(feed)} of each other"]
    ours, theirs = a.disk.log.get(feed, []), b.disk.log.get(feed, [])
    if len(ours) == len(theirs):
        return []
    shorter, longer = sorted((ours, theirs), key=len)
    if not shorter or longer[len(shorter) - 1] == shorter[-1]:
        of = f"{name(a.own)} has {len(ours)} of {name(feed)}"
        return [f"{of}, {name(b.own)} {len(theirs)}"]
    if not saw_fork:
        return [f"neither {name(a.own)} nor {name(b.own)} saw the fork of {name(feed)}"]
    return []


def _of_counts(world: World) -> list[str]:
    """Messages come again after a loss, or when two senders of a feed overlap; histories, from everybody."""
    once, twice = world.counts["once"], world.counts["twice"]
    is_ebt = all(peer.speech == "ebt" for peer in world.peers.values())
    most = world.excused + (once // 2 if is_ebt else once * world.degree())
    return [f"{twice} messages came more than once beside {once}"] if twice > most else []
