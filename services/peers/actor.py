"""The service `peers`: whom to dial, and when.

Puts the parts together and owns their life. The table says what is offered on the bus, and to whom.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from common.bus import Method, Node
from common.refs import FeedId
from common.runtime.clock import wall_ms
from common.runtime.settings import Settings
from services.peers import address
from services.peers.adapters.files import BookFile
from services.peers.adapters.graph import follow_graph
from services.peers.adapters.rounds import Rounds
from services.peers.handlers import conn, gossip, own
from services.peers.model.pools import Pools
from services.peers.model.scheduler import Scheduler
from services.peers.ping import pause
from services.peers.settings import Conn, Gossip, is_offline, wishes
from services.peers.spread import Spread

__all__ = ["Peers", "serve"]

log = logging.getLogger(__name__)


class Peers:
    """All parts of the service; `start` and `stop` are its life."""

    def __init__(
        self,
        settings: Settings,
        own_id: FeedId,
        *,
        clock: Callable[[], float] = wall_ms,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._conn = settings.section("conn", Conn)
        self._gossip = settings.section("gossip", Gossip)
        self.pools = Pools(own_id, chance)
        self.scheduler = Scheduler(self.pools, wishes(self._conn, self._gossip), chance)
        self.pause_ms = pause(settings.timers.ping)
        networks = settings.workers("network")
        self.node = Node(
            "peers",
            settings.endpoint,
            self._methods(),
            calls=(*networks, "indexing"),
            keys=settings.bus_keys,
        )
        spread = Spread(networks)
        self.rounds = Rounds(self.node, self.scheduler, self.clock, self.pause_ms, spread)
        self.file = BookFile(settings.path, self.pools.book, self.clock)
        self._tasks: list[asyncio.Task[None]] = []

    def clock(self) -> int:
        """The time in ms since 1970."""
        return int(self._clock())

    async def start(self) -> None:
        """Read the book, join the bus and begin to dial."""
        self.file.load()
        if not is_offline(self._settings):
            self._plant()
            if self._conn.autostart:
                self.scheduler.start()
        await self.node.start()
        self.rounds.start()
        self._spawn(self.file.follow())
        self._spawn(follow_graph(self.node, self.scheduler, self.rounds.tell))

    async def stop(self) -> None:
        """Keep the book; connections are left as they are: the network says goodbye itself."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.rounds.stop()
        await self.node.stop()
        await self.file.save()

    def _methods(self) -> dict[str, Method]:
        def sync(handler: Any) -> Method:
            return Method("sync", partial(handler, self))

        def other(kind: Any, handler: Any, *roles: str) -> Method:
            return Method(kind, partial(handler, self), roles)

        return {
            "gossip.add": sync(gossip.add),
            "gossip.remove": sync(gossip.remove),
            "gossip.connect": other("async", gossip.connect),
            "gossip.disconnect": other("async", gossip.disconnect),
            "gossip.changes": other("source", gossip.changes),
            "gossip.reconnect": sync(gossip.reconnect),
            "gossip.ping": other("duplex", gossip.ping, "anonymous"),
            "gossip.get": sync(gossip.get),
            "gossip.peers": sync(gossip.peers),
            "gossip.help": sync(gossip.help_),
            "conn.remember": sync(conn.remember),
            "conn.forget": sync(conn.forget),
            "conn.dbPeers": sync(conn.db_peers),
            "conn.connect": other("async", conn.connect),
            "conn.disconnect": other("async", conn.disconnect),
            "conn.peers": other("source", conn.peers),
            "conn.stage": sync(conn.stage),
            "conn.unstage": sync(conn.unstage),
            "conn.stagedPeers": other("source", conn.staged_peers),
            "conn.start": sync(conn.start),
            "conn.stop": sync(conn.stop),
            "conn.ping": other("duplex", gossip.ping, "anonymous"),
            "peers.explain": other("async", own.explain),
            "health": Method("async", partial(own.health, self), muxrpc=False),
        }

    def _plant(self) -> None:
        """Keep the seeds of the settings; those that are none any more count as stored."""
        book, now = self.pools.book, self.clock()
        for entry in book:
            if entry.data.get("source") == "seed":
                book.update(entry.address, {"source": "stored"})
        for seed in self._settings.seeds:
            found = address.read(seed)
            if found is None:
                log.warning("a seed is no address of a peer", extra={"fields": {"seed": seed}})
            elif found.key != self.pools.own:
                data = {"key": found.key, "host": found.host, "port": found.port}
                self.pools.remember(found.address, {**data, "source": "seed"}, now)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))


async def serve(settings: Settings, own_id: FeedId) -> None:
    """Run the service until it is cancelled."""
    peers = Peers(settings, own_id)
    try:
        await peers.start()
        await asyncio.Event().wait()
    finally:
        await peers.stop()
