"""Which of the names that feeds give to a feed counts for us: as ssb-names 3.1 settles it.

Our own name first; else what those we follow say most; else what those say most whom they follow; else what it calls itself.
Pure: never knows where names are kept. Called by the view of names.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cmp_to_key
from typing import Any, NamedTuple

from common.feed.javascript import text_of
from common.graph import BLOCK, FOLLOW, NEITHER, Graph
from common.graph.contact import Value
from common.refs import FeedId

__all__ = ["Circle", "Given", "Signified"]


VALUES: tuple[Value, ...] = (FOLLOW, BLOCK, NEITHER)


class Given(NamedTuple):
    """A name that an author gives to a feed now."""

    author: FeedId
    dest: FeedId
    name: str


class Signified(NamedTuple):
    """A feed that is called something: by how many of us, of those we know, of those they know; None for by nobody near."""

    name: str
    id: FeedId
    rank: list[int | None]


class Circle:
    """Those we know, and those of the wanted whom they know, each in the order in which they were first spoken of.

    Blocked ones are known too. What those we know say is looked at step by step (`widen`).
    """

    def __init__(
        self, graph: Graph, own: FeedId, near: Sequence[FeedId], wanted: Collection[FeedId]
    ) -> None:
        self._graph, self._own, self._near, self._wanted = graph, own, near, set(wanted)
        self._far: dict[FeedId, None] = {}
        self._places: dict[FeedId, list[int]] = {}

    def widen(self, since: Callable[[FeedId, FeedId], int]) -> Iterator[None]:
        """Look at those we know, one with each step; needed once before anything is asked.

        `since` tells where in the log a source first spoke of a dest.
        """
        place = 0
        for source in self._near:
            known = {
                dest: value
                for value in VALUES
                for dest in self._graph.targets(source, value) & self._wanted
            }
            dests = list(known)
            if len(dests) > 1:
                dests.sort(key=lambda dest, source=source: since(source, dest))  # type: ignore[misc]
            for dest in dests:
                place += 1
                self._far[dest] = None
                if known[dest] == FOLLOW:
                    self._places.setdefault(dest, []).append(place)
            yield

    def name_for(self, dest: Any, names: Mapping[FeedId, Any]) -> Any:
        """The name of a feed, of those that authors give it; the feed itself where there is none."""
        if self._own in names:
            return names[self._own]
        if not self._near:
            return names.get(dest, dest)
        counts: dict[str, int] = {}
        follows = self._graph.is_following
        found = _most(
            (names[one] for one in self._near if one in names and follows(self._own, one)), counts
        )
        if found is None:
            places = sorted((n, one) for one in names for n in self._places.get(one, ()))
            found = _most((names[one] for _, one in places), counts)
        return names.get(dest, dest) if found is None else found

    def ranked(self, given: Iterable[Given]) -> list[Signified]:
        """The feeds that have these names, the nearest and most frequent first."""
        by_author: dict[FeedId, list[Given]] = {}
        for one in given:
            by_author.setdefault(one.author, []).append(one)
        named: dict[tuple[str, FeedId], list[int | None]] = {}
        for author, distance in self._sources():
            for one in by_author.pop(author, ()):
                rank = named.setdefault(
                    (one.name, one.dest), [1] if not distance else [0] * distance
                )
                if distance:
                    rank += [None] * (distance + 1 - len(rank))
                    rank[distance] = (rank[distance] or 0) + 1
        by_name: dict[str, list[Signified]] = {}
        for (name, dest), rank in named.items():
            by_name.setdefault(name, []).append(Signified(name, dest, rank))
        found = [one for several in by_name.values() for one in several]
        return sorted(found, key=cmp_to_key(_by_rank))

    def _sources(self) -> Iterator[tuple[FeedId, int]]:
        yield self._own, 0
        yield from ((one, 1) for one in self._near)
        yield from ((one, 2) for one in self._far)


def _by_rank(one: Signified, other: Signified) -> int:
    for n, count in enumerate(one.rank):
        there = other.rank[n] if n < len(other.rank) else None
        if (there or 0) != (count or 0):
            return (there or 0) - (count or 0)
    return 0


def _most(names: Iterable[Any], counts: dict[str, int]) -> Any:
    """The first that is given more often than all others."""
    best: Any = None
    for name in names:
        text = text_of(name)
        counts[text] = counts.get(text, 0) + 1
        if best is None or counts[text] > counts.get(text_of(best), 0):
            best = name
    return best
