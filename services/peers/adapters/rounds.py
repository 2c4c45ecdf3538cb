"""The work that goes on by itself: does what the scheduler decides, and tells it what happened.

Knows the pools, the scheduler and the networks. Must never decide whom or when.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from common.bus import BusError, CallerError, Node
from common.runtime.workers import worker_of
from services.peers.adapters.networks import Networks
from services.peers.adapters.pinging import converse
from services.peers.model.entry import Data, Entry, entry_of
from services.peers.model.groups import patience_ms
from services.peers.model.hub import Contact
from services.peers.model.pools import Pools
from services.peers.model.scheduler import (
    Close,
    CloseAll,
    CloseStranded,
    Command,
    Dial,
    Scheduler,
)
from services.peers.model.whereabouts import network_of
from services.peers.ping import Ping
from services.peers.spread import Spread

__all__ = ["Rounds"]

log = logging.getLogger(__name__)

MAX_DIALS = 32
"""Dials at a time: enough for every quota at once, and for calls beside."""

SETTLE_SECONDS = 1.0
"""How long a connection that was dialled may take to show up among the changes."""

LEAST_PAUSE_SECONDS = 0.1
"""Between two looks at all peers, whatever happens meanwhile."""

PAUSE_FACTOR = 10
"""A look at ten thousand peers takes 0.1 s: looking shall not take more than a tenth of the time."""

STANDING_SECONDS = 60.0
"""How long a second call waits for the dial of a first (ssb-conn-hub)."""


class Rounds:
    """Keeps the pools and the network in step. `clock` tells ms since 1970."""

    def __init__(
        self,
        node: Node,
        scheduler: Scheduler,
        clock: Callable[[], int],
        pause_ms: int,
        spread: Spread,
    ) -> None:
        self._node = node
        self._scheduler = scheduler
        self._pools: Pools = scheduler.pools
        self._clock = clock
        self._pause_ms = pause_ms
        self.networks = Networks(node, spread, self._take, self._lost)
        self._dials = asyncio.Semaphore(MAX_DIALS)
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pings: dict[str, asyncio.Task[None]] = {}
        self._stands: dict[str, str | None] = {}
        """On which address of this machine each connection stands."""

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on for as long as the service does: following and dialling."""
        return [*self.networks.followers(), self._go_round()]

    async def stop(self) -> None:
        """End dials and pings."""
        tasks = (*self._tasks, *self._pings.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def tell(self) -> None:
        """Something happened: look again."""
        self._news.set()
        self._news = asyncio.Event()

    def do(self, commands: list[Command]) -> None:
        """Carry out what was decided."""
        for command in commands:
            if isinstance(command, Dial):
                contact = self._pools.hub.get(command.address)
                if contact is not None:
                    self._spawn(self._try(contact, command.patience_ms))
            elif isinstance(command, Close):
                closing = self._pools.hub.get(command.address)
                connections = tuple(closing.connections) if closing else ()
                self._spawn(self.networks.close(connections, command.reason))
            else:
                self._close_many(command)
        if commands:
            self.tell()

    async def connect(self, address: str, data: Data) -> Contact | None:
        """Be in contact with the peer at an address: the contact there is, or a new one.

        None when the dial of another call did not end in time.

        Raises:
            BusError: it could not be reached, in the words for who asked.
        """
        wanted: Entry = self._pools.entry(address) or entry_of(address, data)
        if wanted.key is None:
            raise CallerError("the given address names no peer that can be dialled")
        if wanted.key == self._pools.own:
            raise CallerError("that is our own key")
        contact = self._pools.hub.find(address, wanted.key)
        if contact is None:
            contact = self._pools.connecting(address, data, self._clock())
            self.tell()
            return await self._dial(contact, patience_ms(wanted))
        disconnecting = contact.state == "disconnecting"
        try:
            async with asyncio.timeout(STANDING_SECONDS):
                while self._is_in_contact(contact) and not _is_connected(contact):
                    await self._news.wait()
        except TimeoutError:
            return None
        if self._is_in_contact(contact):
            return contact
        return await self.connect(address, data) if disconnecting else None

    async def close(self, contact: Contact, reason: str) -> None:
        """Close all connections of a contact, and leave the peer alone until somebody wants it."""
        connections = tuple(contact.connections)
        self._pools.disconnecting(contact, self._clock(), left_alone=True)
        self.tell()
        await self.networks.close(connections, reason)

    def drop(self, contact: Contact, reason: str) -> None:
        """Close all connections of a contact, who may come back."""
        self._pools.disconnecting(contact, self._clock(), left_alone=False)
        self._spawn(self.networks.close(contact.connections, reason))

    def _is_in_contact(self, contact: Contact) -> bool:
        return self._pools.hub.get(contact.address) is contact

    async def _dial(self, contact: Contact, patience: int) -> Contact:
        try:
            async with self._dials:
                connection = await self.networks.dial(contact.address, patience)
        except BusError as error:
            self._failed(contact, error)
            raise
        return await self._settled(contact, connection)

    async def _settled(self, contact: Contact, connection: str) -> Contact:
        """Wait until the connection is among those that stand; it may be an older one of another address."""
        carried = self._pools.hub.carried_by(connection)
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while carried is None:
                    await self._news.wait()
                    carried = self._pools.hub.carried_by(connection)
        except TimeoutError:
            error = CallerError("the connection ended at once", "refused")
            self._failed(contact, error)
            raise error from None
        if carried is not contact and self._is_in_contact(contact):
            self._pools.given_up(contact, self._clock())
            self.tell()
        if carried.state == "disconnecting":
            await self.networks.close(carried.connections, "disconnected")
        return carried

    def _failed(self, contact: Contact, error: BusError) -> None:
        if self._is_in_contact(contact) and contact.state != "connected":
            if error.code == "unavailable" or contact.state == "disconnecting":
                self._pools.given_up(contact, self._clock())
            else:
                self._pools.failed(contact, self._clock(), error.message)
        self.tell()

    async def _try(self, contact: Contact, patience: int) -> None:
        try:
            await self._dial(contact, patience)
        except BusError as error:
            entry = self._pools.entry(contact.address)
            if entry is not None and entry.failures == 1:  # the others are counted only
                fields = {"address": contact.address, "reason": error.message}
                log.info("a peer cannot be reached", extra={"fields": fields})

    async def _go_round(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began, now = loop.time(), self._clock()
            if self.networks.is_up:
                self.do(self._scheduler.tick(now))
            news, due = self._news, self._scheduler.next_due(now)
            pause = max((loop.time() - began) * PAUSE_FACTOR, LEAST_PAUSE_SECONDS)
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(max((due - self._clock()) / 1000, 0)):
                    await news.wait()
            except TimeoutError:
                continue

    def _take(self, change: dict[str, Any]) -> None:
        connection, now = change["connection"], self._clock()
        if change["type"] == "connected":
            self._stands[connection] = network_of(str(change.get("here")))
            contact = self._pools.connected(
                change["feed"], connection, change["address"], now, dialled=change["client"]
            )
            if contact is not None and change["client"]:
                task = asyncio.get_running_loop().create_task(self._ping(contact, connection))
                self._pings[connection] = task
        else:
            self._pools.disconnected(connection, now)
            self._stands.pop(connection, None)
            ping = self._pings.pop(connection, None)
            if ping is not None:
                ping.cancel()
        self.tell()

    async def _ping(self, contact: Contact, connection: str) -> None:
        ping = Ping()
        self._pools.pinged(contact, ping)
        wanted = {
            "connection": connection,
            "name": ["gossip", "ping"],
            "type": "duplex",
            "args": [{"timeout": self._pause_ms}],
        }
        worker = worker_of(connection)
        try:
            async with self._node.duplex(worker, "connections.call", wanted) as stream:
                await converse(
                    ping,
                    stream,
                    stream.send,
                    clock=self._clock,
                    pause_ms=self._pause_ms,
                    first=True,
                    heard=lambda: self._pools.pinged(contact, ping),
                )
        except BusError as error:
            log.debug("no ping", extra={"fields": {"peer": contact.key, "reason": error.message}})

    def _lost(self, gone: Callable[[str], bool]) -> None:
        now = self._clock()
        for contact in self._pools.hub:
            for connection in [name for name in contact.connections if gone(name)]:
                self._pools.disconnected(connection, now, ours=True)
        for name in [name for name in self._pings if gone(name)]:
            self._pings.pop(name).cancel()
        for name in [name for name in self._stands if gone(name)]:
            del self._stands[name]
        self.tell()

    def _close_many(self, command: CloseAll | CloseStranded) -> None:
        names = [name for contact in self._pools.hub for name in contact.connections]
        if isinstance(command, CloseStranded):
            names = [name for name in names if self._stands.get(name) in command.networks]
        self._spawn(self.networks.close(names, command.reason))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_connected(contact: Contact) -> bool:
    return contact.state == "connected"
