"""The service `peers`: whom to dial, and when.

Puts the parts together and owns their life. The table says what is offered on the bus, and to whom.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from common.bus import Method, Node
from common.crypto.keys import Keys
from common.runtime.clock import wall_ms
from common.runtime.settings import Settings
from services.peers import address
from services.peers.adapters import config_file
from services.peers.adapters.door import Door
from services.peers.adapters.files import BookFile
from services.peers.adapters.graph import follow_graph
from services.peers.adapters.lan import Lan
from services.peers.adapters.pubs import Pubs
from services.peers.adapters.rounds import Rounds
from services.peers.adapters.surroundings import Surroundings
from services.peers.handlers import conn, firewall, gossip, lan, own
from services.peers.model.announced import Announcements
from services.peers.model.beacon import Discovery
from services.peers.model.firewall import Firewall
from services.peers.model.groups import Wishes
from services.peers.model.pools import Pools
from services.peers.model.scheduler import Scheduler
from services.peers.ping import pause
from services.peers.settings import (
    GROUPS_OF,
    Conn,
    Gossip,
    is_offline,
    lan_ports,
    listens_only_here,
    looks_around,
    turned_off,
    wishes,
)
from services.peers.spread import Spread

__all__ = ["Peers", "serve"]

log = logging.getLogger(__name__)


class Peers:
    """All parts of the service; `start` and `stop` are its life."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        *,
        clock: Callable[[], float] = wall_ms,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._conn = settings.section("conn", Conn)
        self._gossip = settings.section("gossip", Gossip)
        self.pools = Pools(keys.id, chance)
        self._off = turned_off(self._gossip)
        self.scheduler = Scheduler(self.pools, self._wishes(), chance)
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
        self.firewall = Firewall(
            reject_blocked=self._conn.firewall.reject_blocked,
            reject_unknown=self._conn.firewall.reject_unknown,
        )
        close = self.rounds.drop
        self.door = Door(
            self.node, networks, self.firewall, pools=self.pools, folder=settings.path, close=close
        )
        ports = lan_ports(settings)
        self.lan = Lan(self.node, keys, settings.caps_shs, self._discovered, legacy_ports=ports)
        self._pubs: Pubs | None = None
        self._announcements: Announcements | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def clock(self) -> int:
        """The time in ms since 1970."""
        return int(self._clock())

    async def start(self) -> None:
        """Read the book, join the bus and begin to dial."""
        self.file.load()
        self.pools.clean()
        self.pools.resume(self.clock())
        self.door.load()
        offline = is_offline(self._settings)
        if not offline:
            self._plant()
            if self._conn.autostart:
                self.begin()
        await self.node.start()
        self.door.start()
        around = Surroundings(self.scheduler, self.rounds.do, self.clock)
        for work in (
            *self.rounds.work(),
            self.file.follow(),
            around.watch(),
            self.door.tell(),
            self.door.save(),
        ):
            self._spawn(work)
        self._spawn(follow_graph(self.node, self.scheduler, self._graph_changed))
        if not offline and self._gossip.announces and self._conn.populate_pubs:
            self._follow_pubs()

    def begin(self) -> None:
        """Let the scheduler dial, and look for the local network where the settings say so."""
        self.rounds.do(self.scheduler.start())
        if "lan" not in self._off and looks_around(self._settings):
            self.lan.start()
        self.rounds.tell()

    async def work(self) -> None:
        """Wait for ever; raises what any part of the work raised."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Keep the book; connections are left as they are: the network says goodbye itself."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.lan.stop()
        await self.rounds.stop()
        await self.node.stop()
        await self.file.save()
        if self._pubs is not None:
            await self._pubs.save()

    def passed_over(self) -> Mapping[str, int]:
        """Announcements that were not believed, by reason."""
        return self._announcements.passed_over if self._announcements else {}

    def turn(self, kind: str, *, on: bool) -> None:
        """Dial a group of ssb-gossip's names, or do not; kept in the configuration."""
        config_file.put(self._settings.path, kind, on)
        group = GROUPS_OF.get(kind)
        if group is not None:
            self._off = self._off - {group} if on else self._off | {group}
            self.scheduler.wishes = self._wishes()
            self.rounds.tell()

    def _wishes(self) -> Wishes:
        return wishes(self._conn, self._off, only_here=listens_only_here(self._settings))

    def _graph_changed(self) -> None:
        self.door.graph_changed(self.clock())
        self.rounds.tell()

    def _discovered(self, found: Discovery) -> None:
        """Somebody is on the local network: strangers wait in staging, those we know are dialled."""
        known = self.pools.staging.get(found.address)
        verified = found.verified or (known is not None and bool(known.data.get("verified")))
        data = {"type": "lan", "key": found.key, "verified": verified}
        if self.pools.stage(found.address, data, self.clock()):
            self.rounds.tell()

    def _follow_pubs(self) -> None:
        self._announcements = Announcements(self.pools)
        self._pubs = Pubs(
            self.node,
            self._announcements,
            self.file,
            folder=self._settings.path,
            clock=self.clock,
            tell=self.rounds.tell,
        )
        self._spawn(self._pubs.follow())
        self._spawn(self._pubs.save_often())

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
            "gossip.enable": sync(gossip.enable),
            "gossip.disable": sync(gossip.disable),
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
            "lan.start": sync(lan.start),
            "lan.stop": sync(lan.stop),
            "lan.discoveredPeers": other("source", lan.discovered_peers),
            "connFirewall.attempts": other("source", firewall.attempts),
            "connFirewall.reconfigure": sync(firewall.reconfigure),
            "firewall.admits": Method("async", partial(firewall.admits, self), muxrpc=False),
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
                entry = self.pools.remember(found.address, {**data, "source": "seed"}, now)
                entry.next_dial = 0

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))


async def serve(settings: Settings, keys: Keys) -> None:
    """Run the service until it is cancelled."""
    peers = Peers(settings, keys)
    try:
        await peers.start()
        await peers.work()
    finally:
        await peers.stop()
