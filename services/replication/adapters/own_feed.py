"""What peers have of our own feed: told to storage while that is locked, brought back, and compared with ours.

Knows sessions' claims and `createHistoryStream` of peers; decides nothing, the lock is storage's. Run by the
composition.

Notes alone do not bring a lost feed back: epidemic-broadcast-trees 7 believes what it remembers of us before what
we say now, and sends nothing below that. So every peer is asked for the history of our feed as well, beginning
with our newest message: a peer that has another one in its place shows a fork. While nothing is locked each
connection is asked once.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from common.bus import BusError, Node, Stream, again
from common.gossip import FeedForked
from common.refs import FeedId
from common.runtime.workers import worker_of
from services.replication.adapters.appender import Appender, ForgedError
from services.replication.adapters.fetcher import in_order
from services.replication.adapters.hub import Hub
from services.replication.adapters.peers import Peers

LOGGER = logging.getLogger(__name__)

TELL_SECONDS: Final = 0.5
"""How often peers' claims are looked at."""
AGAIN_SECONDS: Final = 60.0
"""How often one peer is asked for our history while it is locked."""
CALM_SECONDS: Final = 10.0
"""A connection that stands for so long is asked once in any case."""
ASK_SECONDS: Final = 60.0
"""For so long one peer is read from; then others are asked first."""
SILENCE_SECONDS: Final = 5.0
"""Without an item: so long a peer may keep the others waiting."""
WINDOW: Final = 1 << 17


class OwnFeed:
    """What is done while the lock is on."""

    def __init__(self, node: Node, hub: Hub, peers: Peers, appender: Appender) -> None:
        self._node = node
        self._hub = hub
        self._peers = peers
        self._appender = appender
        self._told: dict[FeedId, int] = {}
        self._asked: dict[str, float] = {}
        self._telling: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Asks peers for our feed and follows its lock, for ever."""
        asking = asyncio.get_running_loop().create_task(self._ask())
        try:
            await self._follow()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _follow(self) -> None:
        async def once() -> None:
            try:
                async with self._node.source("storage", "own.locked", {}) as stream:
                    async for batch in stream:
                        await self._set(locked=bool(batch.json()[-1]["locked"]))
            finally:
                await self._set(locked=False)

        await again(self._node, "storage", once)

    async def _set(self, *, locked: bool) -> None:
        if locked and self._telling is None:
            self._asked.clear()
            self._telling = asyncio.get_running_loop().create_task(self._tell())
        elif not locked and self._telling is not None:
            telling, self._telling = self._telling, None
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            self._told.clear()

    async def _tell(self) -> None:
        """Tells storage what peers say of our feed, whenever that changes."""
        own = self._hub.own
        while True:
            for peer, session in list(self._hub.sessions.items()):
                if own not in session.skipped:
                    await self._seen(peer, session.claim(own))
            await asyncio.sleep(TELL_SECONDS)

    async def _seen(self, peer: FeedId, sequence: int) -> None:
        if self._telling is None or sequence <= 0 or self._told.get(peer) == sequence:
            return
        self._told[peer] = sequence
        with suppress(BusError):  # storage that comes back is told all anew
            await self._node.call("storage", "own.seen", {"peer": peer, "sequence": sequence})

    async def _ask(self) -> None:
        """Asks one peer after the other for the history of our feed."""
        since: dict[str, float] = {}
        while True:
            connected = self._peers.connected()
            now = self._hub.now() / 1000
            since = {name: since.get(name, now) for name, _ in connected}
            self._asked = {name: at for name, at in self._asked.items() if name in since}
            for name, peer in connected:
                now = self._hub.now() / 1000
                if self._is_due(name, now - since[name], now):
                    self._asked[name] = now
                    await self._history(name, peer)
            await asyncio.sleep(TELL_SECONDS)

    def _is_due(self, connection: str, stands: float, now: float) -> bool:
        asked = self._asked.get(connection)
        if self._telling is not None:
            return asked is None or now - asked >= AGAIN_SECONDS
        has_any = self._hub.clock.get(self._hub.own, 0) > 0
        return has_any and asked is None and stands >= CALM_SECONDS

    async def _history(self, connection: str, peer: FeedId) -> None:
        history = History(self._hub, peer)
        first = max(self._hub.clock.get(self._hub.own, 0), 1)
        options = {"id": self._hub.own, "seq": first, "keys": False, "live": False}
        call = {
            "connection": connection,
            "name": ["createHistoryStream"],
            "type": "source",
            "args": [options],
        }
        try:
            async with asyncio.timeout(ASK_SECONDS):
                worker = worker_of(connection)
                stream = self._node.duplex(worker, "connections.call", call, window=WINDOW)
                async with stream:
                    await self._read(stream, history, first)
        except TimeoutError:
            LOGGER.info("a history of our own feed took too long")
        except BusError as error:
            LOGGER.info("a history of our own feed ended: %s", error)
            if isinstance(error, ForgedError):
                self._hub.conduct.forged(peer, self._hub.now())

    async def _read(self, stream: Stream, history: "History", first: int) -> None:
        """Takes what comes; what the peer has is told when it is on its way to the log."""
        expected = first
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                batch = await anext(stream, None)
            if batch is None:
                return
            messages = in_order(self._hub.own, expected, batch.bodies)
            expected += len(messages)
            await self._appender.take(messages, history)
            await self._seen(history.peer, expected - 1)


class History:
    """One history of our feed, as the appender knows its source."""

    def __init__(self, hub: Hub, peer: FeedId) -> None:
        self.peer = peer
        self._hub = hub

    def refused(self, feed: FeedId, reason: str) -> None:
        """The log did not take a message: a fork is no longer exchanged with this peer."""
        if reason == "fork":
            self._hub.handle(FeedForked(self.peer, feed, self._hub.now()))
