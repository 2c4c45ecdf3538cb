"""Whom this node replicates, and who blocks whom.

Knows edges of the graph and one number of hops; must never know peers or messages. Called by the follower of the
graph; the EBT machine gets what changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from common.graph import BLOCK, FOLLOW, NEITHER, Edge, Graph, Hops, Reach
from common.refs import FeedId, is_feed


@dataclass(frozen=True, slots=True)
class Change:
    """What some edges changed; `blocks` as (author, target, blocked)."""

    added: list[FeedId]
    removed: list[FeedId]
    blocks: list[tuple[FeedId, FeedId, bool]]


class Wishes:
    """The own feed and everybody within `max_hops` follows of it, without whom we block (ssb-friends)."""

    def __init__(self, own: FeedId, max_hops: int) -> None:
        self.own = own
        self.wanted: set[FeedId] = {own}
        self._graph = Graph()
        self._reach = Reach(self._graph, own, max_hops)
        self._hops: Hops | None = None

    def is_blocking(self, author: str, target: str) -> bool:
        """Whether the author blocks the target; false for what is no feed."""
        return is_feed(author) and is_feed(target) and self._graph.is_blocking(author, target)

    def take(self, edges: Iterable[Edge]) -> Change:
        """Edges that came, in their order; what they change all in all."""
        blocks = []
        for edge in edges:
            before = self._reach.set_edge(edge)
            if (before == BLOCK) != (edge.value == BLOCK):
                blocks.append((edge.source, edge.dest, edge.value == BLOCK))
        hops = self._reach.hops()
        if hops is self._hops:
            return Change([], [], blocks)
        self._hops = hops
        wanted = {feed for feed, distance in hops.items() if distance >= 0}
        added = sorted(wanted - self.wanted, key=lambda feed: (hops[feed], feed))
        removed = sorted(self.wanted - wanted)
        self.wanted = wanted
        return Change(added, removed, blocks)


def edge_of_item(item: object) -> Edge | None:
    """The edge in an item of `graph.edges`; None for its sync marker and for what is none."""
    if not isinstance(item, dict):
        return None
    source, dest, value = item.get("source"), item.get("dest"), item.get("value")
    if not is_feed(source) or not is_feed(dest) or value not in (FOLLOW, BLOCK, NEITHER):
        return None
    return Edge(source, dest, value)
