"""Every connection of the node: who speaks EBT with us, and from whom histories are fetched instead.

Knows `connections.changes` and the connections' names; must never know sessions. The handlers tell it what peers
called.

Who was dialled is called by `ebt.replicate`, and asked for histories when that ends with an error (the guide's
"Fallback Mechanisms"). Who dialled us is expected to call it; histories are fetched when it asks for one itself
or does nothing for PATIENCE_SECONDS. Who takes `ebt.replicate`, or calls it, and then says nothing is asked for
histories too (the machine's FallBack).
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final, TypeGuard

from common.bus import BusError, Node
from common.gossip import MAX_LIVE, MAX_TURNS
from common.refs import FeedId, is_feed
from common.runtime.workers import worker_of
from services.replication.adapters.appender import Appender
from services.replication.adapters.fetcher import Fetcher
from services.replication.adapters.hub import RECONNECTED, SILENT, Hub
from services.replication.adapters.link import Link
from services.replication.model import Change, Wishes
from services.replication.share import Share

LOGGER = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 0.2
MAX_FETCHES: Final = 2_048
"""Histories asked of all peers together: network takes 4,096 calls from us, half are for sessions."""
LEAST_FETCHES: Final = 8
"""Histories of one peer below which it is not worth to begin; one that never said a word then makes room."""
WISHES_TO_COME: Final = 64
"""Feeds that may become wanted while a peer is asked."""
MAX_BAD: Final = 1_024
"""Peers of which bad histories are remembered, as the EBT machine does of bad feeds."""
VERSION: Final = 3


class Connection:
    """What a peer did on its connection so far."""

    def __init__(self, name: str, feed: FeedId) -> None:
        self.name = name
        self.feed = feed
        self.speaks_ebt = False
        self.did_something = asyncio.Event()
        self.fell_silent = asyncio.Event()
        self.fetcher: Fetcher | None = None
        self.fetches = 0


class Peers:
    """One task for each connection."""

    def __init__(
        self, node: Node, hub: Hub, appender: Appender, wishes: Wishes, share: Share
    ) -> None:
        self._node = node
        self._part = share
        self._hub = hub
        self._appender = appender
        self._wishes = wishes
        self._connections: dict[str, Connection] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._bad: dict[FeedId, set[FeedId]] = {}

    def called_ebt(self, connection: str) -> None:
        """The peer called `ebt.replicate`."""
        found = self._connections.get(connection)
        if found is not None:
            found.speaks_ebt = True
            found.did_something.set()

    def fell_silent(self, connection: str) -> None:
        """The peer called `ebt.replicate`, and said nothing then."""
        found = self._connections.get(connection)
        if found is not None:
            found.fell_silent.set()

    def called_history(self, connection: str) -> None:
        """The peer called `createHistoryStream`."""
        found = self._connections.get(connection)
        if found is not None:
            found.did_something.set()

    def connected(self) -> list[tuple[str, FeedId]]:
        """Name and peer of every connection."""
        return [(each.name, each.feed) for each in self._connections.values()]

    def changed(self, change: Change) -> None:
        """Other feeds are wanted."""
        for connection in self._connections.values():
            if connection.fetcher is not None:
                connection.fetcher.changed(change)

    async def follow(self, worker: str) -> None:
        """Replicates over every connection that this worker of `network` has, for ever."""
        while True:
            try:
                await self._node.wait_up(worker)
                async with self._node.source(worker, "connections.changes", {}) as stream:
                    async for batch in stream:
                        for change in batch.json():
                            self._take(change)
            except BusError as error:
                LOGGER.info("following the connections again: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                await self._drop(worker)

    def _take(self, change: dict[str, Any]) -> None:
        name, feed = change.get("connection"), change.get("feed")
        if not isinstance(name, str):
            return
        if change.get("type") == "disconnected":
            self._connections.pop(name, None)
            task = self._tasks.pop(name, None)
            if task is not None:
                task.cancel()
        elif self._is_ours(feed) and name not in self._tasks:
            connection = self._connections[name] = Connection(name, feed)
            talk = self._call(connection) if change.get("client") else self._wait(connection)
            self._tasks[name] = asyncio.get_running_loop().create_task(talk)

    def _is_ours(self, feed: object) -> TypeGuard[FeedId]:
        return is_feed(feed) and feed != self._wishes.own and self._part.has(feed)

    async def _drop(self, worker: str) -> None:
        """Gives up the connections of a worker that went away."""
        names = [name for name in self._connections if worker_of(name) == worker]
        tasks = [self._tasks.pop(name) for name in names]
        for name in names:
            del self._connections[name]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _call(self, connection: Connection) -> None:
        """Speaks EBT with a peer that we dialled, or fetches its histories where that fails."""
        while await self._session(connection):
            while (other := self._hub.links.get(connection.feed)) is not None:
                await other.over.wait()

    async def _session(self, connection: Connection) -> bool:
        """One call of `ebt.replicate`; true when another connection of the peer took its place."""
        call = {
            "connection": connection.name,
            "name": ["ebt", "replicate"],
            "type": "duplex",
            "args": [{"version": VERSION, "format": "classic"}],
        }
        link: Link | None = None
        worker = worker_of(connection.name)
        try:
            async with self._node.duplex(worker, "connections.call", call) as stream:
                link = Link(self._hub, self._appender, stream, connection.feed, VERSION)
                try:
                    await link.run(client=True)
                except BusError as error:
                    stream.fail(error)
                    raise
                await stream.end()
        except BusError as error:
            fields = {"feed": connection.feed}
            LOGGER.info("an EBT session ended: %s", error, extra={"fields": fields})
            if link is not None and link.ended_here and error.message != SILENT:
                return error.message == RECONNECTED
            await self._fetch(connection)
        return False

    async def _wait(self, connection: Connection) -> None:
        """Waits what a peer that dialled us does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await connection.did_something.wait()
        if connection.speaks_ebt:
            await connection.fell_silent.wait()
        await self._fetch(connection)

    async def _fetch(self, connection: Connection) -> None:
        while (limit := self._share()) < LEAST_FETCHES:
            self._hub.refusals.note("too many histories to fetch")
            self._make_room()
            await asyncio.sleep(PATIENCE_SECONDS)
        fetcher = Fetcher(
            self._node,
            self._appender,
            connection.name,
            connection.feed,
            self._hub,
            limit=limit,
            bad=self._bad_of(connection.feed),
        )
        connection.fetcher = fetcher
        connection.fetches = limit
        try:
            await fetcher.run(self._wishes.wanted)
        finally:
            connection.fetches = 0

    def _bad_of(self, peer: FeedId) -> set[FeedId]:
        """The feeds that the peer is not asked for again, to be added to."""
        bad = self._bad[peer] = self._bad.pop(peer, set())
        if len(self._bad) > MAX_BAD:
            del self._bad[next(iter(self._bad))]
        return bad

    def _share(self) -> int:
        """Half of what is left, and not more than is wanted."""
        taken = sum(each.fetches for each in self._connections.values())
        wanted = max(LEAST_FETCHES, len(self._wishes.wanted) + WISHES_TO_COME)
        return min(wanted, MAX_LIVE + MAX_TURNS, (MAX_FETCHES - taken) // 2)

    def _make_room(self) -> None:
        """Gives up on the oldest of those who were asked and never said a word."""
        for each in self._connections.values():
            if each.fetches and each.fetcher is not None and not each.fetcher.heard:
                self._tasks[each.name].cancel()
                return
