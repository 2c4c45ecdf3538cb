"""How far everybody is from our own feed, from indexing, for as long as the process lives.

Knows the stream `friends.hopStream`. Must never know what follows from it: the scheduler and the firewall do.
"""

from collections.abc import Callable
from functools import partial

from common.bus import Node, again
from services.peers.model.scheduler import Scheduler

__all__ = ["follow_graph"]


async def follow_graph(node: Node, scheduler: Scheduler, tell: Callable[[], None]) -> None:
    """Keep the scheduler's hops up to date for ever; what was known stays while indexing is away."""
    await again(node, "indexing", partial(_follow_once, node, scheduler, tell))


async def _follow_once(node: Node, scheduler: Scheduler, tell: Callable[[], None]) -> None:
    hops: dict[str, int] = {}
    wanted = {"live": True, "old": True, "gone": True}
    async with node.source("indexing", "friends.hopStream", wanted) as stream:
        async for batch in stream:
            for changed in batch.json():
                for feed, distance in changed.items():
                    if distance is None:
                        hops.pop(feed, None)
                    else:
                        hops[feed] = distance
            scheduler.pools.hops = hops
            scheduler.knows_graph = True
            tell()
