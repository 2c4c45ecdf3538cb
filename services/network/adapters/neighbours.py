"""The connections of the other workers of this service: what crossed there is settled as if it had been here.

Knows `connections.changes` of each. Must never know sockets. Started with the service where there are several.
"""

import asyncio
import logging
from typing import Any

from common.bus import BusError, Node
from common.refs import is_feed
from common.runtime.workers import worker_of
from services.network.adapters.exchange import Exchange
from services.network.model import Connection
from services.network.permission import ANONYMOUS, MASTER

__all__ = ["follow"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


async def follow(node: Node, exchange: Exchange, worker: str) -> None:
    """Follow one other worker for ever."""
    elsewhere = exchange.connections.elsewhere
    while True:
        try:
            await node.wait_up(worker)
            async with node.source(worker, "connections.changes", {}) as stream:
                async for batch in stream:
                    for change in batch.json():
                        _take(exchange, change)
        except BusError as error:
            fields = {"worker": worker, "error": error.message}
            log.info("another worker cannot be followed", extra={"fields": fields})
        for name in [name for name in elsewhere if worker_of(name) == worker]:
            del elsewhere[name]
        await asyncio.sleep(RETRY_SECONDS)


def _take(exchange: Exchange, change: dict[str, Any]) -> None:
    name, feed = str(change.get("connection")), change.get("feed")
    if change.get("type") == "disconnected":
        exchange.connections.elsewhere.pop(name, None)
    elif change.get("type") == "connected" and is_feed(feed):
        exchange.learn(
            Connection(
                name,
                feed,
                str(change.get("address")),
                change.get("client") is True,
                MASTER if change.get("role") == MASTER else ANONYMOUS,
                str(change.get("transport")),
                int(change.get("at", 0)),
            )
        )
