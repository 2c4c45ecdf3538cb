"""Whom our own feed follows and blocks, from indexing, for as long as the process lives.

Knows the stream `graph.edges`. Must never know what follows from it: the scheduler does.
"""

import asyncio
import logging
from collections.abc import Callable

from common.bus import BusError, Node
from common.graph import BLOCK, FOLLOW
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
    wanted = {"live": True, "source": scheduler.pools.own}
    async with node.source("indexing", "graph.edges", wanted) as stream:
        async for batch in stream:
            for edge in batch.json():
                if edge.get("sync"):
                    scheduler.pools.hops = hops
                    scheduler.knows_graph = True
                elif edge["value"] in (FOLLOW, BLOCK):
                    hops[edge["dest"]] = 1 if edge["value"] == FOLLOW else -1
                else:
                    hops.pop(edge["dest"], None)
            tell()
