"""The service `network`: every socket of the suite, and the permission check of every call from outside.

Puts the parts together and owns their life. The table says what is offered on the bus, and to whom.
"""

import asyncio
import logging
import os
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from common.bus import CallerError, Method, Node
from common.crypto.keys import Keys
from common.refs import FeedId
from common.runtime import interfaces, sources
from common.runtime.clock import wall_ms
from common.runtime.errors import StartError
from common.runtime.settings import Incoming, Limits, Settings
from common.runtime.workers import service_of
from services.network import handlers
from services.network.adapters import descriptors, neighbours
from services.network.adapters.carrier import Carrier
from services.network.adapters.dialler import Dialler
from services.network.adapters.doorway import HANDSHAKE_SECONDS, Doorway
from services.network.adapters.errand import Errand
from services.network.adapters.exchange import Exchange
from services.network.adapters.gate import BLOCKED, Gate
from services.network.adapters.manifest_file import write_manifest
from services.network.adapters.meeting import Meeting
from services.network.adapters.switch import OWN, Own, Switch
from services.network.adapters.web import Web
from services.network.address import Listening, Place, announce, layers
from services.network.limits import Guard
from services.network.manifest import Manifest
from services.network.model import Admission, Blocks
from services.network.permission import ANONYMOUS, GUEST, MASTER
from services.network.settings import Conn, Onion, Ws

__all__ = ["Network", "serve"]

log = logging.getLogger(__name__)

SERVICES = ("storage", "indexing", "replication", "peers", "blobs", "api")
"""Whose methods clients and peers reach through us; of two that offer the same name the earlier answers."""

GOODBYE_SECONDS = 1.0
"""How long saying goodbye may take in all when we stop."""

SEED_BYTES = 32

MAX_SOCKET_PATH = 107
"""Bytes: what the kernel can hold of a unix socket's path."""


def _random() -> bytes:
    return os.urandom(SEED_BYTES)


def _admission(limits: Limits, n_workers: int) -> Admission:
    """What holds in all is divided by the workers; what holds for one address or key each of them grants."""
    return Admission(
        max_connections=min(-(-int(limits.connections) // n_workers), descriptors.sockets()),
        max_connections_per_address=int(limits.connections_per_address),
        max_handshakes=-(-int(limits.handshakes) // n_workers),
        max_handshakes_per_address=int(limits.handshakes_per_address),
    )


def _certified(place: Incoming) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(sources.expand(place.cert), sources.expand(place.key))
    except OSError as error:
        reason = error.strerror or error
        text = f"setting connections.incoming.ws: cannot use {place.cert} and {place.key}: {reason}"
        raise StartError(text) from error
    return context


class Network:
    """All parts of the service; `start` and `stop` are its life."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        *,
        clock: Callable[[], float] = wall_ms,
        seed: Callable[[], bytes] = _random,
    ) -> None:
        self._settings = settings
        self._keys = keys
        name, n_workers = settings.own_name(OWN), len(settings.workers(OWN))
        self._is_first = name == OWN
        self._is_listening = False
        self.listening = Listening(b64encode(keys.public).decode())
        self.manifest = Manifest((OWN, *SERVICES))
        own = self._own()
        limits = settings.limits
        self.guard = Guard(limits.calls_per_second)
        switch = Switch(self.manifest, own, self.guard, settings.workers)
        self.exchange = Exchange(
            keys.id,
            lambda: int(clock()),
            switch.answer,
            int(limits.buffered_bytes) // n_workers,
            name,
        )
        methods = self._methods(own)
        bus_keys = settings.bus_keys
        calls = [name for service in SERVICES for name in settings.workers(service)]
        self._others = [other for other in settings.workers(OWN) if other != name]
        calls += self._others
        self.node = Node(name, settings.endpoint, methods, calls=calls, keys=bus_keys)
        switch.connect(self.node)
        blocks = Blocks(keys.id, frozenset(settings.master))
        rules = settings.section("conn", Conn).firewall
        self.gate = Gate(self.node, blocks, self.exchange, rules)
        limit = settings.timers.handshake / 1000 or HANDSHAKE_SECONDS
        meeting = Meeting(
            keys=keys,
            app_key=settings.caps_shs,
            exchange=self.exchange,
            gate=self.gate,
            guard=self.guard,
            connections_per_key=int(limits.connections_per_key),
            seed=seed,
        )
        self.doorway = Doorway(
            meeting=meeting,
            exchange=self.exchange,
            admission=_admission(limits, n_workers),
            web=Web(self.node, settings.section("ws", Ws), self.exchange.count),
            shares_ports=n_workers > 1,
            handshake_seconds=limit,
        )
        carrier = Carrier(settings.section("onion", Onion).proxies)
        self.errand = Errand(settings.caps_shs, carrier, limit, seed)
        self.dialler = Dialler(
            meeting=meeting,
            carrier=carrier,
            exchange=self.exchange,
            gate=self.gate,
            guard=self.guard,
            handshake_seconds=limit,
        )
        self.manifest.learn(OWN, {name: method.described for name, method in methods.items()})
        self._work: list[asyncio.Task[None]] = []

    @property
    def is_ready(self) -> bool:
        """Whether the doors are open, every service has been met, and it is known who is blocked and who is invited."""
        met = self.manifest.knows(self._settings.services)
        invites = self.gate.knows_guests or "api" not in self._settings.services
        return self._is_listening and met and self.gate.is_open and invites

    async def start(self) -> None:
        """Join the bus, then open the doors.

        Raises:
            StartError: a port or the unix socket is taken, or not ours to take.
        """
        self.node.on_change(self._learn)
        await self.node.start()
        self._write_manifest()
        loop = asyncio.get_running_loop()
        patience = self._settings.timers.inactivity / 1000
        self._work = [
            loop.create_task(self.gate.follow()),
            loop.create_task(self.gate.follow_guests()),
            loop.create_task(self.exchange.watch(patience)),
            *(
                loop.create_task(neighbours.follow(self.node, self.exchange, other))
                for other in self._others
            ),
        ]
        incoming = self._settings.connections_incoming
        for carrier in ("net", "ws"):
            port = 0
            for place in incoming.get(carrier, ()):
                port = await self._listen(carrier, place, place.port or port)
        if "unix" in incoming:
            await self._listen_unix(self._settings.path / "socket")
        self._is_listening = True
        log.info("listening", extra={"fields": {"address": announce(self.listening)}})

    async def stop(self) -> None:
        """Close the doors, say goodbye to everybody, leave the bus."""
        self._is_listening = False
        self.doorway.close()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self.dialler.stop()
        await self.exchange.close_all("stopping", GOODBYE_SECONDS)
        await self.node.stop()

    def _own(self) -> dict[str, Own]:
        def address(args: list[Any]) -> object:
            return announce(self.listening, args[0] if args else None, interfaces.within)

        def parse(args: list[Any]) -> object:
            return layers(args[0] if args else None)

        def auth(args: list[Any]) -> object:
            feed = args[0] if args else None
            if not isinstance(feed, str):
                raise CallerError("auth: a feed id is wanted")
            return self._rights(FeedId(feed))

        return {
            "manifest": lambda _: self.manifest.tree,
            "address": address,
            "getAddress": address,
            "multiserver.address": address,
            "multiserver.parse": parse,
            "auth": auth,
        }

    def _rights(self, feed: FeedId) -> object:
        """What secret-stack's `auth` tells of a key that comes in: what it may call, false for nothing special.

        Raises:
            CallerError: our feed blocks it.
        """
        role = self.gate.role(feed, "net", dialled=False)
        if role is None:
            raise CallerError(BLOCKED, "refused")
        if role == ANONYMOUS:
            return False
        return {"allow": None if role == MASTER else self.manifest.open_to(role), "deny": None}

    def _methods(self, own: Mapping[str, Own]) -> dict[str, Method]:
        return {
            "manifest": Method("sync", handlers.own(own["manifest"]), (ANONYMOUS,)),
            "address": Method("sync", handlers.own(own["address"])),
            "getAddress": Method("sync", handlers.own(own["getAddress"]), (GUEST,)),
            "multiserver.address": Method("sync", handlers.own(own["multiserver.address"])),
            "multiserver.parse": Method("sync", handlers.own(own["multiserver.parse"])),
            "auth": Method("async", handlers.own(own["auth"])),
            "connections.dial": Method("async", partial(handlers.dial, self), muxrpc=False),
            "connections.call": Method("duplex", partial(handlers.invoke, self), muxrpc=False),
            "connections.ask": Method("async", partial(handlers.ask, self), muxrpc=False),
            "connections.close": Method("async", partial(handlers.close, self), muxrpc=False),
            "connections.refuse": Method("async", partial(handlers.refuse, self), muxrpc=False),
            "connections.firewall": Method("async", partial(handlers.firewall, self), muxrpc=False),
            "connections.changes": Method("source", partial(handlers.changes, self), muxrpc=False),
            "health": Method("async", partial(handlers.health, self), muxrpc=False),
        }

    async def _listen(self, carrier: str, place: Incoming, port: int) -> int:
        """Open one door of TCP; several without a port of their own share the first one's."""
        secure = _certified(place) if carrier == "ws" and place.key and place.cert else None
        try:
            if secure is not None:
                port = self.doorway.listen_wss(place.host, port, secure, http=place.http)
            elif carrier == "ws":
                port = await self.doorway.listen_ws(place.host, port, http=place.http)
            else:
                port = await self.doorway.listen_net(place.host, port)
        except OSError as error:
            reason = error.strerror or error
            raise StartError(f"cannot listen on {place.host}:{port}: {reason}") from error
        found = Place(place.host, port, place.scope, place.external, "wss" if secure else carrier)
        places = (*self.listening.places, found)
        self.listening = Listening(self.listening.key, places, self.listening.socket)
        return port

    async def _listen_unix(self, path: Path) -> None:
        """Open the door for local clients, which is the first worker's; where the path is too long there is none."""
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            fields = {"path": str(path)}
            log.warning("no unix socket: the path is too long", extra={"fields": fields})
            return
        try:
            if self._is_first:
                await self.doorway.listen_unix(path)
        except OSError as error:
            raise StartError(f"cannot listen on {path}: {error.strerror or error}") from error
        self.listening = Listening(self.listening.key, self.listening.places, str(path))

    def _learn(self, service: str, is_up: bool) -> None:
        offer = self.node.manifest(service)
        if is_up and self.manifest.learn(service_of(service), offer):
            self._write_manifest()

    def _write_manifest(self) -> None:
        if not self._is_first:
            return
        path = self._settings.path / "manifest.json"
        try:
            write_manifest(path, self.manifest.tree)
        except OSError as error:
            fields = {"path": str(path), "reason": error.strerror or str(error)}
            log.warning("the manifest cannot be written", extra={"fields": fields})


async def serve(settings: Settings, keys: Keys) -> None:
    """Run the service until it is cancelled.

    Raises:
        StartError: a port or the unix socket is taken, or not ours to take.
    """
    network = Network(settings, keys)
    try:
        await network.start()
        await asyncio.Event().wait()
    finally:
        await network.stop()
