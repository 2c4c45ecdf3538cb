"""The connections of the other workers of this service: what crossed there is settled as if it had been here.

Knows `connections.changes` of each. Must never know sockets. Started with the service where there are several.
"""

from typing import Any

from common.bus import Node, again
from common.refs import is_feed
from common.runtime.workers import worker_of
from services.network.adapters.exchange import Exchange
from services.network.model import Connection
from services.network.permission import ANONYMOUS, MASTER

__all__ = ["follow"]


async def follow(node: Node, exchange: Exchange, worker: str) -> None:
    """Follow one other worker for ever."""
    elsewhere = exchange.connections.elsewhere

    async def once() -> None:
        async with node.source(worker, "connections.changes", {}) as stream:
            async for batch in stream:
                for change in batch.json():
                    _take(exchange, change)

    def lost() -> None:
        for name in [name for name in elsewhere if worker_of(name) == worker]:
            del elsewhere[name]

    await again(node, worker, once, lost=lost)


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
                str(change.get("here", "")),
            )
        )
