"""How far every feed is from ours, from indexing, for as long as the process lives.

Knows the stream `friends.hopStream`; must never know what follows from it. Called by the follower and the purge.
"""

import asyncio
from collections.abc import Callable

from common.bus import Node, again
from common.refs import is_feed, raw

__all__ = ["Hops"]

Listener = Callable[[bytes, int | None], None]


class Hops:
    """Hash of a feed's id -> hops; what was known stays while indexing is away."""

    def __init__(self, node: Node, tell: Listener) -> None:
        self._node = node
        self._tell = tell
        self._hops: dict[bytes, int] = {}
        self.known = asyncio.Event()
        """Set when indexing has told what it knows."""

    def nearest(self, feeds: list[bytes]) -> tuple[bytes, int | None]:
        """The nearest of some feeds, the one with the smallest key among equals."""
        far = 1 << 30
        hops, feed = min((self._hops.get(feed, far), feed) for feed in feeds)
        return feed, None if hops == far else hops

    async def follow(self) -> None:
        """Keep them up to date for ever."""
        await again(self._node, "indexing", self._follow_once)

    async def _follow_once(self) -> None:
        hops: dict[bytes, int] = {}
        wanted = {"live": True, "old": True, "gone": True}
        async with self._node.source("indexing", "friends.hopStream", wanted) as stream:
            async for batch in stream:
                for changed in batch.json():
                    self._take(changed, hops)
                self._hops = hops
                self.known.set()

    def _take(self, changed: dict[str, int | None], hops: dict[bytes, int]) -> None:
        for feed, distance in changed.items():
            if not is_feed(feed):
                continue
            if distance is None or distance < 0:  # out of reach, or blocked
                hops.pop(raw(feed), None)
                self._tell(raw(feed), None)
            else:
                hops[raw(feed)] = distance
                self._tell(raw(feed), distance)
