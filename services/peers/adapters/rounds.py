"""The work that goes on by itself: dialling who is due, following who is connected, pinging whom we dialled.

Knows the methods `connections.*` of network. Must never decide whom or when: the book does.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from common.bus import BusError, Node
from common.runtime.workers import worker_of
from services.peers.adapters.pinging import converse
from services.peers.model import Book, Peer
from services.peers.ping import Ping
from services.peers.spread import Spread

__all__ = ["Rounds"]

log = logging.getLogger(__name__)

MAX_DIALS = 16
"""Dials at a time: enough for every quota of the reference at once."""

DIAL_DEADLINE_MS = 20_000
"""Longer than network itself lets a dial take."""

SETTLE_SECONDS = 1.0
"""How long a connection that was dialled may take to show up among the changes."""

RETRY_SECONDS = 0.5


class Rounds:
    """Keeps the book and the network in step. `clock` tells ms since 1970."""

    def __init__(
        self, node: Node, book: Book, clock: Callable[[], int], pause_ms: int, spread: Spread
    ) -> None:
        self._node = node
        self._book = book
        self._clock = clock
        self._pause_ms = pause_ms
        self._spread = spread
        self._dials = asyncio.Semaphore(MAX_DIALS)
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pings: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to follow and to dial."""
        for worker in self._spread.workers:
            self._spawn(self._follow(worker))
        self._spawn(self._dial_due())

    async def stop(self) -> None:
        """End all work."""
        tasks = (*self._tasks, *self._pings.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def dial(self, peer: Peer) -> str:
        """Dial a peer now; answers the connection, the standing one if there is one.

        Raises:
            BusError: it could not be reached, in the words for who asked.
        """
        self._book.dialling(peer, self._clock())
        try:
            async with self._dials:
                reply = await self._node.call(
                    self._worker(peer),
                    "connections.dial",
                    peer.address,
                    deadline_ms=DIAL_DEADLINE_MS,
                )
        except BusError as error:
            self._book.failed(peer, self._clock(), error.message)
            self._tell()
            raise
        await self._settled(peer)
        return str(reply.json()["connection"])

    async def close(self, peer: Peer, reason: str) -> bool:
        """Close all connections with a peer; answers whether there were any."""
        connections = tuple(peer.connections)
        self._book.disconnecting(peer, self._clock())
        for connection in connections:
            wanted = {"connection": connection, "reason": reason}
            await self._node.call(worker_of(connection), "connections.close", wanted)
        return bool(connections)

    def _worker(self, peer: Peer) -> str:
        """Who dials: the worker that has a connection with the peer, or the one with the fewest."""
        for connection in peer.connections:
            return worker_of(connection)
        return self._spread.least(self._node.is_up)

    async def _settled(self, peer: Peer) -> None:
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while peer.state == "connecting":
                    await self._news.wait()
        except TimeoutError:
            self._book.failed(peer, self._clock(), "the connection ended at once")

    async def _dial_due(self) -> None:
        while True:
            await self._any_up()
            for peer in self._book.due(self._clock()):
                self._spawn(self._try(peer))
            news = self._news
            until = self._book.next_due()
            seconds = None if until is None else max(until - self._clock(), 0) / 1000
            try:
                async with asyncio.timeout(seconds):
                    await news.wait()
            except TimeoutError:
                continue

    async def _any_up(self) -> None:
        """Wait until one of the workers can dial."""
        while not any(map(self._node.is_up, self._spread.workers)):
            await self._news.wait()

    async def _try(self, peer: Peer) -> None:
        try:
            await self.dial(peer)
        except BusError as error:
            fields = {"peer": peer.key, "address": peer.address, "reason": error.message}
            log.info("dial failed", extra={"fields": fields | {"failures": peer.failure}})

    async def _follow(self, worker: str) -> None:
        while True:
            try:
                await self._node.wait_up(worker)
                self._tell()
                async with self._node.source(worker, "connections.changes", {}) as stream:
                    async for batch in stream:
                        for change in batch.json():
                            self._take(change)
                        self._tell()
            except BusError as error:
                fields = {"worker": worker, "reason": error.message}
                log.info("the network is away", extra={"fields": fields})
            self._lost(worker)
            await asyncio.sleep(RETRY_SECONDS)

    def _take(self, change: dict[str, Any]) -> None:
        key, connection, now = change["feed"], change["connection"], self._clock()
        if change["type"] == "connected":
            self._spread.connected(connection)
            peer = self._book.connected(key, connection, now, dialled=change["client"])
            if peer is not None and change["client"]:
                task = asyncio.get_running_loop().create_task(self._ping(peer, connection))
                self._pings[connection] = task
        else:
            self._spread.disconnected(connection)
            self._book.disconnected(key, connection, now)
            ping = self._pings.pop(connection, None)
            if ping is not None:
                ping.cancel()

    async def _ping(self, peer: Peer, connection: str) -> None:
        ping = peer.ping = Ping()
        wanted = {
            "connection": connection,
            "name": ["gossip", "ping"],
            "type": "duplex",
            "args": [{"timeout": self._pause_ms}],
        }
        try:
            worker = worker_of(connection)
            async with self._node.duplex(worker, "connections.call", wanted) as stream:
                await converse(
                    ping,
                    stream,
                    stream.send,
                    clock=self._clock,
                    pause_ms=self._pause_ms,
                    first=True,
                )
        except BusError as error:
            log.debug("no ping", extra={"fields": {"peer": peer.key, "reason": error.message}})

    def _lost(self, worker: str) -> None:
        self._spread.lost(worker)
        self._book.lost(lambda name: worker_of(name) == worker, self._clock())
        for name in [name for name in self._pings if worker_of(name) == worker]:
            self._pings.pop(name).cancel()
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
