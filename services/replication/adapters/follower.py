"""What this node has and whom it follows, from storage and indexing, for as long as the process lives.

Knows the streams `feeds.heads`, `log.read` and `graph.edges`; decides nothing. Called by the composition: it
brings the first heads and edges, then keeps the hub, the intake and the wishes up to date; who watches the wishes
hears what that changes.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from struct import Struct
from typing import Final

from common.bus import BusError, CallerError, Node, again
from common.feed.record import Record
from common.feed.validate import Head
from common.gossip import Message
from common.graph import Edge
from common.refs import FeedId, feed_id
from services.replication.adapters.hub import Hub
from services.replication.intake import Intake
from services.replication.model import Wishes, edge_of_item

LOGGER = logging.getLogger(__name__)

RETRY_SECONDS: Final = 0.2
WINDOW: Final = 4 << 20
"""Credit for the log: what is appended is to be offered to peers without a wait."""
_HEAD: Final = Struct(">32sQ32s")


class FeedIds:
    """Ids by their 32 bytes, made once each."""

    def __init__(self) -> None:
        self._ids: dict[bytes, FeedId] = {}

    def __call__(self, raw: bytes) -> FeedId:
        """The id of a key."""
        found = self._ids.get(raw)
        if found is None:
            found = self._ids[raw] = feed_id(raw)
        return found


class Follower:
    """Follows the log and the graph."""

    def __init__(self, node: Node, intake: Intake, wishes: Wishes) -> None:
        self._node = node
        self._intake = intake
        self._wishes = wishes
        self._ids = FeedIds()
        self._position = 0

    async def heads(self) -> dict[FeedId, int]:
        """The heads of all feeds now; waits for a storage that is away. The log is followed from there."""
        while True:
            try:
                await self._node.wait_up("storage")
                return await self._heads()
            except BusError as error:
                LOGGER.info("asking for the heads again: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _heads(self) -> dict[FeedId, int]:
        clock: dict[FeedId, int] = {}
        position = 0
        async with self._node.source("storage", "feeds.heads", {}) as stream:
            async for batch in stream:
                position = batch.position or position
                for raw in batch.bodies:
                    author, sequence, key = _HEAD.unpack(raw)
                    feed = self._ids(author)
                    clock[feed] = sequence
                    self._intake.set_head(feed, Head(key, sequence))
        self._position = position
        return clock

    async def follow_log(self, hub: Hub) -> None:
        """Offers to the hub what is appended, for ever.

        Raises:
            CallerError: the log is another one than before: only a new start helps.
        """
        await again(self._node, "storage", partial(self._log, hub), fatal=(CallerError,))

    async def _log(self, hub: Hub) -> None:
        options = {"after": self._position, "live": True, "limit": -1}
        async with self._node.source("storage", "log.read", options, window=WINDOW) as stream:
            async for batch in stream:
                hub.append(self._messages(batch.bodies))
                self._position = batch.position or self._position + len(batch.bodies)

    def _messages(self, records: Sequence[bytes]) -> list[Message]:
        messages = []
        for raw in records:
            key, author, sequence, _, message = Record.parse(raw)
            feed = self._ids(author)
            self._intake.set_head(feed, Head(key, sequence))
            messages.append(Message(feed, sequence, message))
        return messages

    async def follow_graph(self, ready: asyncio.Event) -> None:
        """Keeps wishes and blocks as the graph has them, for ever; `ready` once it is known what our feed says."""
        await again(self._node, "indexing", partial(self._graph, ready))

    async def _graph(self, ready: asyncio.Event) -> None:
        if not ready.is_set():
            self._wishes.take(await self._own_edges())
            ready.set()
        past: list[Edge] | None = []
        async with self._node.source("indexing", "graph.edges", {"live": True}) as stream:
            async for batch in stream:
                items = batch.json()
                edges = [edge for edge in map(edge_of_item, items) if edge is not None]
                if past is not None:
                    past += edges
                    if not any(isinstance(item, dict) and item.get("sync") for item in items):
                        continue
                    edges, past = past, None
                self._wishes.take(edges)

    async def _own_edges(self) -> list[Edge]:
        """Whom we follow and block: known at once, also while the graph of all is folded from nothing."""
        options = {"live": False, "source": self._wishes.own}
        async with self._node.source("indexing", "graph.edges", options) as stream:
            items = [item async for batch in stream for item in batch.json()]
        return [edge for edge in map(edge_of_item, items) if edge is not None]
