"""Who is within reach of one feed, kept up to date edge by edge.

Knows the hops of one start up to one maximum; must never know why somebody asks. Called by replication (whom to
ask for) and by the view of the graph (`friends.hops`, the permission of a connection).

Most edges change nothing: they start out of reach, or repeat what a nearer one says. Only an edge that may
change distances marks the hops stale, and they are computed once however many edges came in between.
"""

from common.graph.contact import BLOCK, FOLLOW, Edge, Value
from common.graph.graph import Graph, Hops
from common.refs import FeedId


class Reach:
    """The hops from one start; edges go in through it, into the graph it was given."""

    def __init__(self, graph: Graph, start: FeedId, max_hops: float) -> None:
        self._graph = graph
        self._start = start
        self._max = max_hops
        self._hops = graph.hops(start, max_hops)
        self._stale = False

    def set_edge(self, edge: Edge) -> Value | None:
        """Changes the graph; gives back what the source said before."""
        old = self._graph.set_edge(edge)
        if old != edge.value and not self._stale:
            self._stale = self._may_matter(edge, old)
        return old

    def hops(self) -> Hops:
        """Hops of everybody within reach; the dictionary belongs to this object."""
        if self._stale:
            self._hops = self._graph.hops(self._start, self._max)
            self._stale = False
        return self._hops

    def _may_matter(self, edge: Edge, old: Value | None) -> bool:
        source = self._hops.get(edge.source)
        if source is None or not 0 <= source < self._max or edge.dest == self._start:
            return False
        dest = self._hops.get(edge.dest)
        if dest is None:
            return True
        says = _distance(source, edge.value)
        if _nearer(says, dest):
            return True
        return old is not None and _distance(source, old) == dest != says


def _distance(source: int, value: Value) -> int:
    return source + 1 if value == FOLLOW else -(source + (1 if value == BLOCK else 2))


def _nearer(a: int, b: int) -> bool:
    return abs(a) < abs(b) or (abs(a) == abs(b) and a > b)
