"""The feeds that are blocked, directly or by who counts, are deleted while the purge is on (ssb-friends-purge).

Knows hops below 0; never how they come about. Called by the handlers.
"""

import asyncio
import logging
from typing import Final

from common.bus import Node, again
from common.refs import FeedId
from services.api.adapters.clearing import Clearing

__all__ = ["Purge"]

LOGGER: Final = logging.getLogger("api")


class Purge:
    """One follower of the hops, from `start` to `stop`."""

    def __init__(self, node: Node, clearing: Clearing, own: FeedId) -> None:
        self._node = node
        self._clearing = clearing
        self._own = own
        self._deleted: dict[FeedId, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Delete what is blocked now, and what will be."""
        if self._task is None:
            self._task = asyncio.create_task(again(self._node, "indexing", self._follow))

    def stop(self) -> None:
        """Delete no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _follow(self) -> None:
        options = {"live": True, "old": True}
        async with self._node.source("indexing", "friends.hopStream", options) as stream:
            async for batch in stream:
                if any(hops < 0 for item in batch.json() for hops in item.values()):
                    await self._clear()

    async def _clear(self) -> None:
        """Delete who is blocked when all of the log was looked at: a later message may have ended a block."""
        hops, heads = await self._clearing.hops(), await self._clearing.heads()
        blocked = [feed for feed, distance in hops.items() if distance < 0 and feed != self._own]
        for feed in blocked:
            head = heads.get(feed, 0)
            if self._deleted.get(feed, 0) != head:
                n = await self._clearing.delete(feed)
                self._deleted[feed] = head
                if n:
                    LOGGER.info("%s is blocked: %d messages were deleted", feed, n)
