"""The graph of who follows and blocks whom, and the distances in it.

Knows edges and hops as ssb-friends 4.1.4 computes them (layered-graph over dynamic-dijkstra's `simple`); must
never know messages, storage or who is local. Called by `Reach`, by the view of the graph and by whoever answers
`friends.*`.

Hops: 0 for the start, n for who is reached over n follows, negative for who is blocked (-(hops of the blocker
+ 1)) or was unfollowed (-(hops + 2)) by someone within reach. The smaller distance wins, and of two equal ones
the positive. Only who has positive hops below the maximum is looked through.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from common.graph.contact import BLOCK, FOLLOW, NEITHER, Edge, Value
from common.refs import FeedId

Hops: TypeAlias = dict[FeedId, int]
_Targets: TypeAlias = dict[FeedId, set[FeedId]]


class Graph:
    """Edges by source; a level of hops is a few unions of sets, so large graphs stay cheap."""

    def __init__(self, edges: Iterable[Edge] = ()) -> None:
        self._targets: dict[int, _Targets] = {FOLLOW: {}, BLOCK: {}, NEITHER: {}}
        for edge in edges:
            self.set_edge(edge)

    def set_edge(self, edge: Edge) -> Value | None:
        """Replaces what the source says about the dest; gives back what it said before."""
        old = self.value(edge.source, edge.dest)
        if old != edge.value:
            if old is not None:
                self._targets[old][edge.source].discard(edge.dest)
            self._targets[edge.value].setdefault(edge.source, set()).add(edge.dest)
        return old

    def drop_edge(self, source: FeedId, dest: FeedId) -> Value | None:
        """Forgets what the source said about the dest; gives back what it was."""
        old = self.value(source, dest)
        if old is not None:
            dests = self._targets[old][source]
            dests.discard(dest)
            if not dests:
                del self._targets[old][source]
        return old

    def value(self, source: FeedId, dest: FeedId) -> Value | None:
        """What the source last said about the dest, None when nothing."""
        values: tuple[Value, ...] = (FOLLOW, BLOCK, NEITHER)
        for value in values:
            if dest in self._targets[value].get(source, ()):
                return value
        return None

    def is_following(self, source: FeedId, dest: FeedId) -> bool:
        """Whether the source follows the dest."""
        return dest in self._targets[FOLLOW].get(source, ())

    def is_blocking(self, source: FeedId, dest: FeedId) -> bool:
        """Whether the source blocks the dest."""
        return dest in self._targets[BLOCK].get(source, ())

    def knows(self, source: FeedId) -> bool:
        """Whether the source ever said anything about anybody."""
        return any(source in targets for targets in self._targets.values())

    def edges(self, source: FeedId | None = None) -> Iterator[Edge]:
        """All edges, or those of one source; in no order."""
        values: tuple[Value, ...] = (FOLLOW, BLOCK, NEITHER)
        for value in values:
            targets = self._targets[value]
            sources = targets if source is None else ([source] if source in targets else [])
            for one in sources:
                yield from (Edge(one, dest, value) for dest in targets[one])

    def edges_by_source(self) -> Iterator[Edge]:
        """All edges, those of one source together; the graph may change meanwhile.

        An edge that changes is given as it was or as it is.
        """
        sources: set[FeedId] = set().union(*self._targets.values())
        for source in sources:
            yield from list(self.edges(source))

    def size(self) -> int:
        """How many edges there are."""
        return sum(len(dests) for targets in self._targets.values() for dests in targets.values())

    def targets(self, source: FeedId, value: Value) -> set[FeedId]:
        """Of whom the source says this; the set belongs to the graph."""
        return self._targets[value].get(source) or set()

    def hops(self, start: FeedId, max_hops: float, *, reverse: bool = False) -> Hops:
        """Everybody within reach of the start, with their hops (see the module's docstring).

        `reverse` turns the edges round, for who reaches the start.
        """
        of = self._sources if reverse else self._of
        hops: Hops = {start: 0}
        level = {start}
        unfollowed: set[FeedId] = set()
        distance = 0
        while level and distance < max_hops:
            distance += 1
            followed = of(FOLLOW, level).difference(hops)
            refused = (of(BLOCK, level) | unfollowed).difference(hops, followed)
            hops.update(dict.fromkeys(followed, distance))
            hops.update(dict.fromkeys(refused, -distance))
            unfollowed = of(NEITHER, level)
            level = followed
        hops.update(dict.fromkeys(unfollowed.difference(hops), -(distance + 1)))
        return hops

    def _of(self, value: Value, level: set[FeedId]) -> set[FeedId]:
        targets = self._targets[value]
        if len(targets) < len(level):
            return set().union(*(targets[source] for source in targets if source in level))
        return set().union(*(targets[source] for source in level if source in targets))

    def _sources(self, value: Value, level: set[FeedId]) -> set[FeedId]:
        found = self._targets[value].items()
        return {source for source, targets in found if not targets.isdisjoint(level)}
