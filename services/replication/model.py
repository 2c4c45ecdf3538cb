"""Whom this node replicates, and who blocks whom.

Knows edges of the graph, one number of hops, and what was asked for beside it; must never know peers or messages.
The follower of the graph brings edges, the handlers requests; who watches hears what changes.

The last word counts, whoever said it (ssb-friends and clients call the same `replicate.request`): a request holds
until the graph says something else of that feed, a block until an edge between the two is drawn.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from math import inf

from common.graph import BLOCK, FOLLOW, NEITHER, Changes, Edge, Graph, Reach
from common.refs import FeedId, is_feed
from services.replication.requests import Asked, BlockAsked, FeedAsked, Requests


@dataclass(frozen=True, slots=True)
class Change:
    """What changed; `blocks` as (author, target, blocked)."""

    added: list[FeedId]
    removed: list[FeedId]
    blocks: list[tuple[FeedId, FeedId, bool]]


class Wishes:
    """The own feed, who was asked for, and everybody within `max_hops` follows of it, without whom we block.

    Of more than `max_feeds` the nearest are wanted (0: all). Without `graph_counts` nobody is wanted for hops
    until that is asked for (ssb-replication-scheduler's `autostart`); blocks count at once.
    """

    def __init__(
        self,
        own: FeedId,
        max_hops: int,
        requests: Requests | None = None,
        *,
        max_feeds: int = 0,
        graph_counts: bool = True,
    ) -> None:
        self.own = own
        self.wanted: set[FeedId] = {own}
        self.requests = requests or Requests()
        self.n_left_out = 0
        self._max_feeds = max_feeds or inf
        self._graph = Graph()
        self._reach = Reach(self._graph, own, max_hops)
        self._counts = graph_counts
        self._watchers: list[Callable[[Change], None]] = []

    def on_change(self, watcher: Callable[[Change], None]) -> Callable[[], None]:
        """Calls back with every change; gives back what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def is_blocking(self, author: str, target: str) -> bool:
        """Whether the author blocks the target; false for what is no feed."""
        if not is_feed(author) or not is_feed(target):
            return False
        asked = self.requests.blocks.get((author, target))
        return self._graph.is_blocking(author, target) if asked is None else asked

    def blocks(self) -> list[tuple[FeedId, FeedId, bool]]:
        """Every block that stands, as in a change."""
        drawn = {(edge.source, edge.dest) for edge in self._graph.edges() if edge.value == BLOCK}
        return [
            (*pair, True) for pair in drawn | self.requests.blocks.keys() if self._blocks(*pair)
        ]

    def take(self, edges: Iterable[Edge]) -> Change:
        """Edges that came, in their order; what they change all in all."""
        blocks = []
        for edge in edges:
            pair = (edge.source, edge.dest)
            before = self._blocks(*pair)
            self._reach.set_edge(edge)
            self.requests.blocks.pop(pair, None)
            if before != (edge.value == BLOCK):
                blocks.append((*pair, not before))
        changes = self._reach.changes()
        if not changes or not self._counts:
            return self._tell(Change([], [], blocks))
        for feed in changes:
            self.requests.feeds.pop(feed, None)
        if self._max_feeds < inf:
            return self._tell(self._settled(blocks))
        return self._tell(self._followed(changes, blocks))

    def ask(self, asked: Asked) -> Change:
        """What a client asks for; what it changes.

        Raises:
            CallerError: too much was asked for already.
        """
        if isinstance(asked, BlockAsked):
            return self._block_asked(asked)
        self.requests.take(asked)
        if isinstance(asked, FeedAsked):
            return self._tell(self._feed_asked(asked))
        self._counts = True
        for feed in self._reach.hops().keys() & self.requests.feeds.keys():
            del self.requests.feeds[feed]
        return self._tell(self._settled([]))

    def _block_asked(self, asked: BlockAsked) -> Change:
        pair = (asked.author, asked.target)
        before = self._blocks(*pair)
        self.requests.take(asked)
        changed = [(*pair, asked.blocking)] if before != asked.blocking else []
        return self._tell(Change([], [], changed))

    def _feed_asked(self, asked: FeedAsked) -> Change:
        if self._max_feeds < inf:
            return self._settled([])
        if asked.replicate == (asked.feed in self.wanted) or asked.feed == self.own:
            return Change([], [], [])
        (self.wanted.add if asked.replicate else self.wanted.discard)(asked.feed)
        feeds = [asked.feed]
        return Change(feeds, [], []) if asked.replicate else Change([], feeds, [])

    def _followed(self, changes: Changes, blocks: list[tuple[FeedId, FeedId, bool]]) -> Change:
        """Wants who came within reach, and no longer who left it."""
        near, removed = [], []
        for feed, distance in changes.items():
            wished = distance is not None and distance >= 0
            if wished and feed not in self.wanted:
                near.append((distance, feed))
            elif not wished and feed in self.wanted:
                removed.append(feed)
        added = [feed for _, feed in sorted(near)]
        self.wanted.difference_update(removed)
        self.wanted.update(added)
        return Change(added, sorted(removed), blocks)

    def _settled(self, blocks: list[tuple[FeedId, FeedId, bool]]) -> Change:
        """Wants who is to be wanted now."""
        hops, asked = self._reach.hops() if self._counts else {}, self.requests.feeds
        wished = {feed for feed, distance in hops.items() if distance >= 0}
        for feed, replicate in asked.items():
            (wished.add if replicate else wished.discard)(feed)
        wished.add(self.own)

        def nearness(feed: FeedId) -> tuple[int, FeedId]:
            return (-1 if feed == self.own else 0 if feed in asked else hops[feed], feed)

        self.n_left_out = max(0, len(wished) - int(min(self._max_feeds, len(wished))))
        if self.n_left_out:
            wished = set(nsmallest(int(self._max_feeds), wished, nearness))
        added = sorted(wished - self.wanted, key=nearness)
        removed = sorted(self.wanted - wished)
        self.wanted = wished
        return Change(added, removed, blocks)

    def _blocks(self, author: FeedId, target: FeedId) -> bool:
        asked = self.requests.blocks.get((author, target))
        return self._graph.is_blocking(author, target) if asked is None else asked

    def _tell(self, change: Change) -> Change:
        if change.added or change.removed or change.blocks:
            for watcher in list(self._watchers):
                watcher(change)
        return change


def edge_of_item(item: object) -> Edge | None:
    """The edge in an item of `graph.edges`; None for its sync marker and for what is none."""
    if not isinstance(item, dict):
        return None
    source, dest, value = item.get("source"), item.get("dest"), item.get("value")
    if not is_feed(source) or not is_feed(dest) or value not in (FOLLOW, BLOCK, NEITHER):
        return None
    return Edge(source, dest, value)
