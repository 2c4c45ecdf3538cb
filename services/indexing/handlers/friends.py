"""`friends.*` that answer once: pairs, hops, the whole graph.

Knows the graph and the reach of our own feed; the shapes are in `services/indexing/friends.py`.
"""

import orjson

from common.bus import Call, CallerError
from common.feed.javascript import is_truthy, text_of
from common.refs import FeedId, is_feed
from services.indexing.adapters.follower import Follower
from services.indexing.friends import (
    HELP,
    MAX_ANSWER_BYTES,
    Pair,
    Shape,
    hops_query,
    legacy,
    nested,
    options_of,
    pair_of,
)
from services.indexing.model.index import Index

__all__ = ["FriendHandlers"]

LEAST_EDGE_BYTES = len('"@":-2,') + len("A" * 44 + ".ed25519") - 1
"""What an edge takes at least in the JSON of the graph: one that cannot fit is not even written."""
TOO_LARGE = (
    "the graph is too large for one answer: read friends.graphStream({old: true, live: false})"
)


class FriendHandlers:
    """The methods, over the graph."""

    def __init__(self, index: Index, follower: Follower, max_hops: float) -> None:
        self._index = index
        self._follower = follower
        self._own = index.own
        self._max_hops = max_hops

    async def is_following(self, call: Call) -> object:
        """`friends.isFollowing({source, dest, details})`: no value when the source never said anything."""
        pair = pair_of(call.args)
        await self._follower.graph_caught_up()
        graph = self._index.social.graph
        follows = graph.is_following(pair.source, pair.dest)
        if pair.details:
            return self._detailed(pair, answer=follows)
        return follows if graph.knows(pair.source) else None

    async def is_blocking(self, call: Call) -> object:
        """`friends.isBlocking({source, dest, details})`."""
        pair = pair_of(call.args)
        await self._follower.graph_caught_up()
        blocks = self._index.social.graph.is_blocking(pair.source, pair.dest)
        return self._detailed(pair, answer=blocks) if pair.details else blocks

    async def hops(self, call: Call) -> object:
        """`friends.hops({start, max, reverse})`: {feed: distance}."""
        query = hops_query(call.args, self._own, self._max_hops)
        await self._follower.graph_caught_up()
        if query.start == self._own and query.max <= self._max_hops and not query.reverse:
            hops = self._index.social.reach.hops()  # layered-graph filters what it has
            return {feed: distance for feed, distance in hops.items() if distance <= query.max}
        return self._index.social.graph.hops(query.start, query.max, reverse=query.reverse)

    async def graph(self, call: Call) -> object:
        """`friends.graph()` of version 5: {source: {dest: value}}."""
        assert call is not None  # noqa: S101
        await self._follower.graph_caught_up()
        return self._whole(int)

    async def get(self, call: Call) -> object:
        """`friends.get({source, dest})` of version 4: the graph, a part or a pair, with true, false, null."""
        given = options_of(call.args)
        source, dest = given.get("source"), given.get("dest")
        await self._follower.graph_caught_up()
        graph = self._index.social.graph
        if is_truthy(source):
            said = {e.dest: legacy(e.value) for e in graph.edges(source)} if is_feed(source) else {}
            if said and is_truthy(dest):
                return orjson.dumps(said.get(FeedId(text_of(dest))))  # None would be no value
            return said
        if is_truthy(dest):
            return {e.source: legacy(e.value) for e in graph.edges() if e.dest == dest}
        return self._whole(legacy)

    async def help(self, call: Call) -> object:
        """`friends.help()`."""
        assert call is not None  # noqa: S101
        return HELP

    async def on_edge(self, call: Call) -> object:
        """`friends.onEdge`: takes a function in the reference, so it answers nothing to who is remote."""
        assert call is not None  # noqa: S101
        return None

    def _detailed(self, pair: Pair, *, answer: bool) -> object:
        privately = answer and self._index.social.is_private(pair.source, pair.dest)
        return {"response": answer, "private": privately}

    def _whole(self, shape: Shape) -> bytes:
        graph = self._index.social.graph
        if graph.size() * LEAST_EDGE_BYTES <= MAX_ANSWER_BYTES:
            answer = orjson.dumps(nested(graph.edges(), shape))
            if len(answer) <= MAX_ANSWER_BYTES:
                return answer
        raise CallerError(TOO_LARGE, "refused")
