"""Who is within reach of one feed, kept up to date edge by edge.

Knows the hops of one start up to one maximum; must never know why somebody asks. Called by replication (whom to
ask for) and by the view of the graph (`friends.hops`, `friends.hopStream`).

A feed stands at a level: the hops without their sign. What puts it there are edges from feeds of lower levels, so
for each level and feed the edges that do are counted. An edge that comes or goes changes one count; then levels
are settled from the lowest one up, and only feeds whose counts changed are looked at. What a contact message
costs is what it changes, however large the graph is.
"""

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from common.graph.contact import BLOCK, FOLLOW, NEITHER, Edge, Value
from common.graph.graph import Graph, Hops
from common.refs import FeedId

Changes: TypeAlias = Mapping[FeedId, int | None]
"""New hops of feeds; None for who is out of reach now."""

_VALUES: tuple[Value, ...] = (FOLLOW, BLOCK, NEITHER)


class Reach:
    """The hops from one start; edges go in through it, into the graph it was given."""

    def __init__(self, graph: Graph, start: FeedId, max_hops: float) -> None:
        self._graph = graph
        self._max = max_hops
        self._hops: Hops = {}
        #: How many edges would give a feed these hops.
        self._counts: dict[int, Counter[FeedId]] = {}
        self._unsettled: dict[int, set[FeedId]] = {}
        self._before: dict[FeedId, int | None] = {}
        self._move(start, 0)
        self._settle()
        self._before.clear()

    def set_edge(self, edge: Edge) -> Value | None:
        """Changes the graph; gives back what the source said before."""
        old = self._graph.set_edge(edge)
        source = self._hops.get(edge.source)
        if old != edge.value and source is not None and self._is_looked_through(source):
            if old is not None:
                self._uncount(_given(source, old), {edge.dest})
            self._count(_given(source, edge.value), {edge.dest})
        return old

    def drop_edge(self, source: FeedId, dest: FeedId) -> None:
        """Takes an edge out of the graph."""
        old = self._graph.drop_edge(source, dest)
        hops = self._hops.get(source)
        if old is not None and hops is not None and self._is_looked_through(hops):
            self._uncount(_given(hops, old), {dest})

    def hops(self) -> Hops:
        """Hops of everybody within reach; the dictionary belongs to this object."""
        self._settle()
        return self._hops

    def changes(self) -> Changes:
        """What has other hops than when this was asked last, or than in the beginning."""
        self._settle()
        before, self._before = self._before, {}
        return {
            feed: self._hops.get(feed)
            for feed, hops in before.items()
            if self._hops.get(feed) != hops
        }

    def _settle(self) -> None:
        while self._unsettled:
            level = min(self._unsettled)
            for feed in self._unsettled.pop(level):
                self._place(feed, level)

    def _place(self, feed: FeedId, level: int) -> None:
        """Decides whether a feed stands at a level; all lower ones are settled."""
        now = self._hops.get(feed)
        if now is not None and abs(now) < level:
            return
        for hops in (level, -level):
            if feed in self._counts.get(hops, ()):
                if hops != now:
                    self._move(feed, hops)
                return
        if now is not None and abs(now) == level:
            self._move(feed, None)
            for hops, feeds in self._counts.items():
                if abs(hops) > level and feed in feeds:
                    self._unsettled.setdefault(abs(hops), set()).add(feed)

    def _move(self, feed: FeedId, hops: int | None) -> None:
        old = self._hops.pop(feed, None)
        self._before.setdefault(feed, old)
        if old is not None and self._is_looked_through(old):
            for value in _VALUES:
                self._uncount(_given(old, value), self._graph.targets(feed, value))
        if hops is None:
            return
        self._hops[feed] = hops
        if self._is_looked_through(hops):
            for value in _VALUES:
                self._count(_given(hops, value), self._graph.targets(feed, value))

    def _count(self, hops: int, feeds: set[FeedId]) -> None:
        if feeds:
            self._counts.setdefault(hops, Counter()).update(feeds)
            self._unsettled.setdefault(abs(hops), set()).update(feeds)

    def _uncount(self, hops: int, feeds: set[FeedId]) -> None:
        if feeds:
            counts = self._counts[hops]
            gone = {feed for feed in feeds if counts[feed] == 1}
            counts.subtract(feeds)
            for feed in gone:
                del counts[feed]
            self._unsettled.setdefault(abs(hops), set()).update(gone)

    def _is_looked_through(self, hops: int) -> bool:
        return 0 <= hops < self._max


def _given(source: int, value: Value) -> int:
    """The hops that an edge gives whom it points at."""
    return source + 1 if value == FOLLOW else -(source + (1 if value == BLOCK else 2))
