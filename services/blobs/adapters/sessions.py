"""Which peers are connected, and what each of them wants and has: our side of `blobs.createWants`.

Knows connections and one stream a peer; must never know files or why a blob is wanted. Tells the exchange.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from common.bus import Batch, BusError, Node, PeerError, again
from common.refs import FeedId, is_feed
from common.runtime.clock import wall_ms
from common.runtime.workers import worker_of
from services.blobs.adapters.exchange import Exchange
from services.blobs.adapters.transfer import Source

__all__ = ["Sessions"]

LOGGER = logging.getLogger("blobs")
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
"""Before a peer whose stream ended is asked for its wants again: its service may have died and come back."""
GRACE_SECONDS = 10.0
"""How long such a peer may take to ask for our wants. ssb-server asks once a connection: a predecessor of ours got that."""
MAX_NOTES = 20_000
"""Notes of one item: some 1.2 MB of JSON. ssb-blobs sends all it wants as one."""
NOTES_PER_TURN = 200
"""Each may cost a look at the disk: others get their turn after so many."""


class Sessions:
    """Every peer that stands in `connections.changes`."""

    def __init__(
        self, node: Node, exchange: Exchange, own: FeedId, networks: Sequence[str], stall_ms: float
    ) -> None:
        self._node = node
        self._exchange = exchange
        self._own = own
        self._networks = networks
        self._stall_ms = stall_ms
        self._connections: dict[FeedId, dict[str, None]] = {}
        self._feeds: dict[str, FeedId] = {}
        self._tasks: dict[FeedId, asyncio.Task[None]] = {}
        self._changed: dict[FeedId, asyncio.Event] = {}
        self._began = 0.0
        self._errands: set[asyncio.Task[None]] = set()
        exchange.find = self.find

    def find(self, peer: FeedId) -> Source | None:
        """How to reach a peer: by its newest connection."""
        connections = self._connections.get(peer)
        if not connections:
            return None
        name = next(reversed(connections))
        return Source(worker_of(name), name, self._stall_ms)

    async def follow(self) -> None:
        """Talk with every peer there is, for ever."""
        self._began = wall_ms()
        async with asyncio.TaskGroup() as tasks:
            for network in self._networks:
                tasks.create_task(self._follow(network))

    async def _follow(self, network: str) -> None:
        async def once() -> None:
            async with self._node.source(network, "connections.changes", {}) as stream:
                async for batch in stream:
                    for change in batch.json():
                        self._take(change)

        def lost() -> None:
            for name in [name for name in self._feeds if worker_of(name) == network]:
                self._lost(name)

        await again(self._node, network, once, lost=lost)

    def _take(self, change: dict[str, Any]) -> None:
        name, feed = change.get("connection"), change.get("feed")
        if not isinstance(name, str):
            return
        if change.get("type") == "disconnected":
            self._lost(name)
        elif change.get("type") == "connected" and is_feed(feed) and feed != self._own:
            self._feeds[name] = feed
            self._connections.setdefault(feed, {})[name] = None
            if feed in self._tasks:
                self._changed[feed].set()
            else:
                self._exchange.meet(feed)
                self._changed[feed] = asyncio.Event()
                if float(change.get("at") or 0) < self._began:
                    self._spawn(self._renew(feed, name))
                self._tasks[feed] = asyncio.get_running_loop().create_task(self._talk(feed))

    def _lost(self, name: str) -> None:
        feed = self._feeds.pop(name, None)
        if feed is None:
            return
        connections = self._connections[feed]
        del connections[name]
        self._changed[feed].set()
        if not connections:
            del self._connections[feed], self._changed[feed]
            self._tasks.pop(feed).cancel()
            self._exchange.part(feed)

    async def _talk(self, feed: FeedId) -> None:
        """Listens on the newest connection; again when the stream ended, and on another one when that is gone."""
        changed, pause, last = self._changed[feed], FIRST_PAUSE_SECONDS, None
        while (source := self.find(feed)) is not None:
            pause, last = (pause if source == last else FIRST_PAUSE_SECONDS), source
            try:
                await self._listen(feed, source)
            except BusError as error:
                fields = {"peer": feed}
                LOGGER.info("a peer tells no wants: %s", error, extra={"fields": fields})
            changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    while self.find(feed) == source:
                        await changed.wait()
                        changed.clear()
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _renew(self, feed: FeedId, name: str) -> None:
        """Ends a connection from before our time whose peer does not hear what we want: both begin anew."""
        await asyncio.sleep(GRACE_SECONDS)
        gone, is_heard = self._feeds.get(name) != feed, self._exchange.is_heard_by(feed)
        if gone or is_heard or not self._exchange.is_asking:
            return
        wish = {"connection": name, "reason": "the blobs service began anew"}
        with suppress(BusError):
            await self._node.call(worker_of(name), "connections.close", wish)

    def _spawn(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _listen(self, feed: FeedId, source: Source) -> None:
        call = {
            "connection": source.connection,
            "name": ["blobs", "createWants"],
            "type": "source",
            "args": [],
        }
        async with self._node.duplex(source.service, "connections.call", call) as stream:
            async for batch in stream:
                for notes in _notes(batch):
                    items = list(notes.items())
                    for start in range(0, len(items), NOTES_PER_TURN):
                        self._exchange.said(feed, dict(items[start : start + NOTES_PER_TURN]))
                        await asyncio.sleep(0)


def _notes(batch: Batch) -> list[dict[Any, Any]]:
    """The maps of a batch.

    Raises:
        PeerError: something else is among them.
    """
    try:
        items = batch.json()
    except ValueError as error:
        raise PeerError("expected JSON") from error
    if not all(isinstance(item, dict) and len(item) <= MAX_NOTES for item in items):
        raise PeerError("expected maps of blobs")
    return items
