"""The follow graph in memory, as the rows of the view of contacts have it, from our own feed's point of view.

Knows edges and what changed; never knows messages or the store. Called by the fold, read by the handlers.
"""

from collections.abc import Iterable
from typing import NamedTuple

from common.graph import NEITHER, Changes, Edge, Graph, Reach
from common.refs import FeedId

__all__ = ["Folded", "Said", "Social"]


class Said(NamedTuple):
    """What a feed said last about another one, and whether it said so in private; no edge: nothing is left."""

    source: FeedId
    dest: FeedId
    edge: Edge | None
    private: bool


class Folded(NamedTuple):
    """What folding some messages did to the graph: edges in their order, and whose hops are others now."""

    edges: list[Edge]
    hops: Changes


class Social:
    """The graph, who is within reach, and what was said in private."""

    def __init__(self, own: FeedId, max_hops: float, said: Iterable[Said] = ()) -> None:
        self.graph = Graph()
        self._private: set[tuple[FeedId, FeedId]] = set()
        for one in said:
            if one.edge is not None:
                self.graph.set_edge(one.edge)
            self._note(one)
        self.reach = Reach(self.graph, own, max_hops)

    def take(self, said: Iterable[Said]) -> Folded:
        """Change the graph, and tell what that did."""
        edges = []
        for one in said:
            if one.edge is None:
                self.reach.drop_edge(one.source, one.dest)
            else:
                self.reach.set_edge(one.edge)
            self._note(one)
            edges.append(one.edge or Edge(one.source, one.dest, NEITHER))
        return Folded(edges, self.reach.changes())

    def is_private(self, source: FeedId, dest: FeedId) -> bool:
        """Whether what the source last said about the dest was in a private message."""
        return (source, dest) in self._private

    def _note(self, one: Said) -> None:
        if one.private and one.edge is not None:
            self._private.add((one.source, one.dest))
        else:
            self._private.discard((one.source, one.dest))
