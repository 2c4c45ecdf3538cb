"""What is known of feeds that may have to go, and their deletion, from the services that have it.

Knows storage, indexing and replication; decides nothing. Called by `purge` and `keeper`.
"""

import asyncio
from typing import Final

from common.bus import Node
from common.refs import FeedId

__all__ = ["Clearing"]

NO_DEADLINE: Final = 0
PAUSE_SECONDS: Final = 0.05
"""Between two feeds: who publishes or reads meanwhile does not notice."""


class Clearing:
    """Questions, and one answer: a feed is deleted."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def hops(self) -> dict[FeedId, float]:
        """The distance of each feed as all of the log says, blocked ones below 0.

        Raises: BusError.
        """
        await self._node.wait_up("indexing")
        await self._node.call("indexing", "views.wait", {}, deadline_ms=NO_DEADLINE)
        reply = await self._node.call("indexing", "friends.hops", {})
        return dict(reply.json())

    async def heads(self) -> dict[FeedId, int]:
        """The length of each feed that is here, or was.

        Raises: BusError.
        """
        await self._node.wait_up("storage")
        return dict((await self._node.call("storage", "getVectorClock")).json())

    async def requested(self) -> set[FeedId]:
        """The feeds that clients asked for beside the graph.

        Raises: BusError.
        """
        found: set[FeedId] = set()
        await self._node.wait_up("replication")
        async with self._node.source("replication", "requests.read", {}) as stream:
            async for batch in stream:
                for item in batch.json():
                    if item.get("sync"):
                        return found
                    if item.get("replicate"):
                        found.add(item["id"])
        return found

    async def delete(self, feed: FeedId) -> int:
        """Delete what is here of a feed; gives how many messages that were.

        Raises: BusError.
        """
        reply = await self._node.call(
            "storage", "log.erase", {"feed": feed}, deadline_ms=NO_DEADLINE
        )
        await asyncio.sleep(PAUSE_SECONDS)
        return int(reply.json()["erased"])
