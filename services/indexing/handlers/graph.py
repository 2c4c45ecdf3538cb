"""The graph and the hops as streams: what is now, and what changes.

Knows who watches; the shapes are in `services/indexing/friends.py`. Changes come with the messages that make them:
nothing is computed for a stream but what it says.
"""

import asyncio
from collections.abc import AsyncIterator

import orjson

from common.bus import Call, CallerError, OurError
from common.feed.items import SYNC
from common.feed.javascript import is_truthy
from common.graph import NEITHER, Changes, Edge
from common.refs import FeedId, is_feed
from services.indexing.adapters.follower import FAR, TOO_SLOW, Follower
from services.indexing.adapters.log import Log
from services.indexing.friends import legacy, maps_of, members, nested, options_of, pieces
from services.indexing.model.contacts import Contacts
from services.indexing.model.index import Index
from services.indexing.model.social import Folded

__all__ = ["GraphHandlers"]


class GraphHandlers:
    """The streams, over the graph and the log that changes it."""

    def __init__(self, index: Index, log: Log, follower: Follower) -> None:
        self._index = index
        self._log = log
        self._follower = follower

    async def hop_stream(self, call: Call) -> None:
        """`friends.hopStream({live, old})`: maps of hops; `gone: true` (ours) tells who fell out of reach as null."""
        gone = options_of(call.args).get("gone") is True
        async for hops in self._hops(call):
            if items := [orjson.dumps(one) for one in maps_of(hops, gone=gone)]:
                await call.send(items)

    async def create_friend_stream(self, call: Call) -> None:
        """`friends.createFriendStream({live, old, meta})` of version 4: feeds, or feeds and hops."""
        meta, first = is_truthy(options_of(call.args).get("meta")), True
        async for hops in self._hops(call):
            for one in maps_of(hops):
                if items := members(one.items(), meta=meta, first=first):
                    await call.send([orjson.dumps(item) for item in items])
            first = False

    async def _hops(self, call: Call) -> AsyncIterator[Changes]:
        given = options_of(call.args)
        live, old = given.get("live") is True, given.get("old") is not False
        await self._follower.graph_caught_up()
        with self._follower.watch() as queue:
            if old or not live:
                yield dict(self._index.social.reach.hops())
            if live:
                async for folded in _kept_up(queue):
                    if folded.hops:
                        yield folded.hops

    async def graph_stream(self, call: Call) -> None:
        """`friends.graphStream({live, old})` of version 5: {source: {dest: value}}, by default only changes."""
        given = options_of(call.args)
        live, old = is_truthy(given.get("live", True)), is_truthy(given.get("old", False))
        await self._follower.graph_caught_up()
        with self._follower.watch() as queue:
            if old or not live:
                for edges in pieces(self._index.social.graph.edges_by_source()):
                    await call.send([orjson.dumps(nested(edges))])
            if live:
                async for folded in _kept_up(queue):
                    await call.send([orjson.dumps(nested([edge])) for edge in folded.edges])

    async def stream(self, call: Call) -> None:
        """`friends.stream()` of version 4: the graph, then {from, to, value}, with true, false, null."""
        await self._follower.graph_caught_up()
        with self._follower.watch() as queue:
            for edges in pieces(self._index.social.graph.edges_by_source()):
                await call.send([orjson.dumps(nested(edges, legacy))])
            async for folded in _kept_up(queue):
                told = [
                    {"from": one.source, "to": one.dest, "value": legacy(one.value)}
                    for one in folded.edges
                ]
                await call.send([orjson.dumps(one) for one in told])

    async def graph_edges(self, call: Call) -> None:
        """`graph.edges`: the edges (of one source, or all), then changes as they come.

        While much of the log is not folded yet, what one feed says is read from that feed, and told once more
        when the graph is there.
        """
        given = options_of(call.args)
        source, live = given.get("source"), given.get("live") is True
        if source is not None and not is_feed(source):
            raise CallerError("source must be a feed id")
        end = await self._log.end()
        said: list[Edge] | None = None
        if source is not None and end - self._index.graph_position > FAR:
            said = await self._said(source)
            await call.send([*map(_written, said), SYNC])
            if not live:
                return
        await self._follower.wait_for_graph(end)
        with self._follower.watch() as queue:
            graph = self._index.social.graph
            known = graph.edges_by_source() if source is None else graph.edges(source)
            gone = {edge.dest for edge in said or ()}
            for edges in pieces(known):
                gone.difference_update(edge.dest for edge in edges)
                await call.send([_written(edge) for edge in edges])
            if said is None:
                await call.send([SYNC])
            elif source is not None and gone:  # deleted since it was told
                await call.send([_written(Edge(source, dest, NEITHER)) for dest in gone])
            if not live:
                return
            async for folded in _kept_up(queue):
                fresh = [e for e in folded.edges if source in (None, e.source)]
                if fresh:
                    await call.send([_written(edge) for edge in fresh])

    async def _said(self, source: FeedId) -> list[Edge]:
        """What a feed said last about each other one."""
        said: dict[FeedId, Edge] = {}
        async for records in self._log.feed(source):
            for record in records:
                if Contacts.may_speak(record.message):
                    for row in Contacts().rows(self._index.read(0, record)):
                        edge = Contacts.said(Contacts.pair(row.key), row).edge
                        assert edge is not None  # noqa: S101  there is a row
                        said[edge.dest] = edge
            await asyncio.sleep(0)
        return list(said.values())


def _written(edge: Edge) -> bytes:
    return orjson.dumps(edge._asdict())


async def _kept_up(queue: asyncio.Queue[Folded]) -> AsyncIterator[Folded]:
    """What happens to the graph; those without edges are not told.

    Raises:
        OurError: whoever reads does not keep up.
    """
    while (folded := await queue.get()) is not TOO_SLOW:
        yield folded
    raise OurError("the changes of the graph came faster than they were read", "overloaded")
