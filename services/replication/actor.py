"""The service `replication`: its methods, and its parts put together.

Owns the life of the parts: methods are on the bus at once, calls wait until the heads and the graph are known.
"""

import asyncio
from collections.abc import Mapping

from common.bus import Method, Node
from common.gossip import Ebt
from common.refs import FeedId
from common.runtime.clock import steady_ms
from common.runtime.settings import Settings
from services.replication.adapters.appender import Appender
from services.replication.adapters.colleagues import Colleagues
from services.replication.adapters.follower import Follower
from services.replication.adapters.hub import Hub
from services.replication.adapters.memories import Memories
from services.replication.adapters.observer import Observer
from services.replication.adapters.ooo import Exchange
from services.replication.adapters.own_feed import OwnFeed
from services.replication.adapters.peers import Peers
from services.replication.adapters.ranges import Ranges
from services.replication.handlers.beginning import Beginning
from services.replication.handlers.ebt import EbtHandlers
from services.replication.handlers.health import HealthHandler
from services.replication.handlers.history import HistoryHandlers
from services.replication.handlers.ooo import OooHandlers
from services.replication.handlers.replicate import ReplicateHandlers
from services.replication.handlers.scheduler import SchedulerHandlers
from services.replication.intake import Intake
from services.replication.model import Change, Wishes
from services.replication.quota import Quota
from services.replication.settings import Replication as Limits
from services.replication.settings import Scheduler
from services.replication.share import Share, share_of

CALLS = ("storage", "indexing")
ANONYMOUS = ("anonymous",)


def methods(beginning: Beginning, wishes: Wishes, scheduler: Scheduler) -> Mapping[str, Method]:
    """The table; strangers may call what peers need."""
    ebt, replicate = EbtHandlers(beginning, wishes), ReplicateHandlers(beginning, wishes)
    histories, ooo = HistoryHandlers(beginning), OooHandlers(beginning)
    schedule = SchedulerHandlers(wishes, started=scheduler.autostart)
    return {
        "ebt.replicate": Method("duplex", ebt.replicate, ANONYMOUS),
        "ebt.replicateFormat": Method("duplex", ebt.replicate_format, ANONYMOUS),
        "ebt.clock": Method("async", ebt.clock, ANONYMOUS),
        "ebt.request": Method("sync", ebt.request),
        "ebt.block": Method("sync", ebt.block),
        "ebt.forget": Method("sync", ebt.forget),
        "ebt.peerStatus": Method("sync", ebt.peer_status),
        "createHistoryStream": Method("source", histories.create_history_stream, ANONYMOUS),
        "replicate.request": Method("sync", replicate.request),
        "replicate.block": Method("sync", ebt.block),
        "replicate.upto": Method("source", replicate.upto),
        "replicate.changes": Method("source", replicate.changes),
        "replicate.peers": Method("async", replicate.peers),
        "replicationScheduler.start": Method("sync", schedule.start),
        "replicationScheduler.reconfigure": Method("sync", schedule.reconfigure),
        "ooo.stream": Method("duplex", ooo.stream, ANONYMOUS),
        "ooo.range": Method("async", ooo.fetch, muxrpc=False),
        "ooo.want": Method("async", ooo.want, muxrpc=False),
        "requests.read": Method("source", replicate.read_requests, muxrpc=False),
        "health": Method("async", HealthHandler(beginning, histories).health, muxrpc=False),
    }


class Replication:
    """The parts, once the heads are known."""

    def __init__(
        self,
        node: Node,
        clock: dict[FeedId, int],
        before: "Before",
        share: Share,
        limits: Limits,
    ) -> None:
        self.node = node
        self.wishes = before.wishes
        self.appender = before.appender
        ebt = Ebt(before.wishes.own, clock, limits.max_messages_per_feed)
        quota = Quota(limits.max_peer_bytes, limits.peer_bytes_window)
        self.hub = Hub(
            node,
            ebt,
            steady_ms,
            memories=before.memories,
            quota=quota,
            networks=share.networks,
        )
        self.peers = Peers(node, self.hub, self.appender, self.wishes, share)
        self.own_feed = OwnFeed(node, self.hub, self.peers, self.appender)
        self.colleagues = Colleagues(node, share, self.wishes)
        self.observer = Observer(self.hub, self.appender, self.peers, self.colleagues.told)
        self.exchange = Exchange(node, self.hub, self.wishes, share, before.hmac_key)
        self.ranges = Ranges(node, self.peers, before.hmac_key)
        self.ready = asyncio.Event()
        self.hub.change(Change(sorted(self.wishes.wanted), [], self.wishes.blocks()))
        self.wishes.on_change(self.hub.change)
        self.wishes.on_change(self.peers.changed)


class Before:
    """The parts that need no heads."""

    def __init__(self, node: Node, wishes: Wishes, memories: Memories, settings: Settings) -> None:
        intake = Intake()
        self.wishes = wishes
        self.memories = memories
        self.hmac_key = settings.caps_sign
        self.appender = Appender(node, intake, self.hmac_key)
        self.follower = Follower(node, intake, wishes)


async def serve(settings: Settings, own: FeedId) -> None:
    """Runs the service until it is cancelled.

    Raises:
        BusError: the log was replaced by another one; the process has to begin anew.
        SettingsError: a setting cannot be what its name says.
    """
    limits = settings.section("replication", Limits)
    scheduler = settings.section("replicationScheduler", Scheduler)
    wishes = Wishes(
        own,
        settings.friends_hops,
        max_feeds=limits.max_feeds,
        graph_counts=scheduler.autostart,
    )
    beginning = Beginning()
    table, keys = methods(beginning, wishes, scheduler), settings.bus_keys
    share = share_of(settings)
    calls = (*CALLS, *share.networks, *share.colleagues)
    memories = Memories(settings.path)
    try:
        async with Node(share.own, settings.endpoint, table, calls=calls, keys=keys) as node:
            before = Before(node, wishes, memories, settings)
            try:
                heads = await before.follower.heads()
                parts = Replication(node, heads, before, share, limits)
                beginning.begin(parts)
                await _run(parts, before.follower, share)
            finally:
                await before.appender.close()
    finally:
        await memories.close()


async def _run(parts: Replication, follower: Follower, share: Share) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follower.follow_log(parts.hub))
            tasks.create_task(follower.follow_graph(parts.ready))
            for worker in share.networks:
                tasks.create_task(parts.peers.follow(worker))
            tasks.create_task(parts.hub.tick())
            tasks.create_task(parts.observer.run())
            tasks.create_task(parts.colleagues.follow())
            tasks.create_task(parts.exchange.run(parts.ready))
            tasks.create_task(parts.own_feed.run())
    finally:
        await parts.hub.close()
