"""How far everybody is from our own feed, from indexing, for as long as the process lives.

Knows the stream `friends.hopStream`. Must never know what follows from it: the scheduler and the firewall do.
"""

import asyncio
import logging
from collections.abc import Callable

from common.bus import BusError, Node
from services.peers.model.scheduler import Scheduler

__all__ = ["follow_graph"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


async def follow_graph(node: Node, scheduler: Scheduler, tell: Callable[[], None]) -> None:
    """Keep the scheduler's hops up to date for ever; what was known stays while indexing is away."""
    while True:
        try:
            await node.wait_up("indexing")
            await _follow_once(node, scheduler, tell)
        except BusError as error:
            log.info("the graph cannot be followed", extra={"fields": {"reason": error.message}})
        await asyncio.sleep(RETRY_SECONDS)


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
