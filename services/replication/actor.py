"""The service `replication`: its methods, and its parts put together.

Owns the life of the parts: methods are on the bus at once, calls wait until the heads and the graph are known.
"""

import asyncio
import time
from collections.abc import Mapping

from common.bus import Method, Node
from common.gossip import Ebt, WantedChanged
from common.refs import FeedId
from common.runtime.settings import Settings
from services.replication.adapters.appender import Appender
from services.replication.adapters.follower import Follower
from services.replication.adapters.hub import Hub
from services.replication.adapters.peers import Peers
from services.replication.handlers import Handlers
from services.replication.intake import Intake
from services.replication.model import Wishes
from services.replication.share import Share, share_of

CALLS = ("storage", "indexing")
ANONYMOUS = ("anonymous",)


def methods(handlers: Handlers) -> Mapping[str, Method]:
    """The table; strangers may call what peers need."""
    return {
        "ebt.replicate": Method("duplex", handlers.replicate, ANONYMOUS),
        "createHistoryStream": Method("source", handlers.create_history_stream, ANONYMOUS),
        "health": Method("async", handlers.health, muxrpc=False),
    }


def steady_ms() -> float:
    """Milliseconds that only pass."""
    return time.monotonic() * 1000


class Replication:
    """The parts, once the heads are known."""

    def __init__(
        self, node: Node, own: FeedId, clock: dict[FeedId, int], parts: "Before", share: Share
    ) -> None:
        self.node = node
        self.wishes = parts.wishes
        self.appender = parts.appender
        self.hub = Hub(node, own, Ebt(own, clock), steady_ms, share.networks)
        self.hub.handle(WantedChanged([own], [], self.hub.now()))
        self.peers = Peers(node, self.hub, self.appender, self.wishes, share)
        self.ready = asyncio.Event()


class Before:
    """The parts that need no heads."""

    def __init__(self, node: Node, own: FeedId, settings: Settings) -> None:
        intake = Intake()
        self.wishes = Wishes(own, settings.friends_hops)
        self.appender = Appender(node, intake, settings.caps_sign)
        self.follower = Follower(node, intake, self.wishes)


async def serve(settings: Settings, own: FeedId) -> None:
    """Runs the service until it is cancelled.

    Raises:
        BusError: the log was replaced by another one; the process has to begin anew.
    """
    handlers = Handlers()
    table, keys = methods(handlers), settings.bus_keys
    share = share_of(settings)
    calls = (*CALLS, *share.networks)
    async with Node(share.own, settings.endpoint, table, calls=calls, keys=keys) as node:
        before = Before(node, own, settings)
        try:
            parts = Replication(node, own, await before.follower.heads(), before, share)
            handlers.begin(parts)
            before.follower.on_change(parts.peers.changed)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(before.follower.follow_log(parts.hub))
                    tasks.create_task(before.follower.follow_graph(parts.hub, parts.ready))
                    for worker in share.networks:
                        tasks.create_task(parts.peers.follow(worker))
                    tasks.create_task(parts.hub.tick())
            finally:
                await parts.hub.close()
        finally:
            await before.appender.close()
