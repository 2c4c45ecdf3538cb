"""Who is let in: follows whom our feed blocks, holds strangers until that is known, and asks who they are.

Knows the streams `graph.edges` of indexing and `invite.guests` of api, and `firewall.admits` of peers. Must never know sockets. Asked by
handshakes and by the dialler.
"""

import asyncio
import logging
from collections import deque

from common.bus import BusError, Node, again
from common.refs import FeedId
from services.network.adapters.exchange import Exchange
from services.network.adapters.handshaking import Answer
from services.network.model import Blocks
from services.network.permission import GUEST, MASTER, Role
from services.network.settings import Firewall

__all__ = ["BLOCKED", "UNKNOWN", "Gate"]

log = logging.getLogger(__name__)

BLOCKED = "client is blocked"
"""The reference's words (ssb-friends)."""

UNKNOWN = "client is a stranger"
"""ssb-conn-firewall's."""


ADMITS_DEADLINE_MS = 4_000
"""Less than a handshake may take: where nobody answers the stranger still hears that it may not come in."""

MAX_WAITING = 4_096
"""Strangers who wait; a handshake has its time limit, so the oldest of so many have left."""


class Gate:
    """The door, with those who wait in front of it."""

    def __init__(self, node: Node, blocks: Blocks, exchange: Exchange, rules: Firewall) -> None:
        self._node = node
        self._blocks = blocks
        self._rejects_unknown = rules.reject_unknown
        self._asking: set[asyncio.Task[None]] = set()
        blocks.enforced = rules.reject_blocked
        self._exchange = exchange
        self._waiting: deque[tuple[FeedId, str, Answer]] = deque(maxlen=MAX_WAITING)
        self._open = asyncio.Event()
        #: Whether it is known who comes with an invite.
        self.knows_guests = False

    @property
    def is_open(self) -> bool:
        """Whether strangers can be judged."""
        return self._open.is_set()

    def ask(self, feed: FeedId, transport: str, answer: Answer) -> None:
        """Whether a key may come in; strangers hear it when it is known whom we block."""
        role = self.role(feed, transport, dialled=False)
        if not self._blocks.is_familiar(feed, transport):
            self._waiting.append((feed, transport, answer))
        elif role is None:
            answer(BLOCKED)
        elif role in (MASTER, GUEST) or not self._rejects_unknown:
            answer(None)
        else:
            task = asyncio.get_running_loop().create_task(self._ask_peers(feed, answer))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    def enforce(self, rules: Firewall) -> None:
        """Other rules from now on; who is blocked and still here has to go."""
        self._blocks.enforced = rules.reject_blocked
        self._rejects_unknown = rules.reject_unknown
        for feed in self._blocks.blocked - {self._blocks.own}:
            self._exchange.close_feed(feed, BLOCKED)

    async def opened(self) -> None:
        """Wait until strangers can be judged."""
        await self._open.wait()

    def role(self, feed: FeedId, transport: str, *, dialled: bool) -> Role | None:
        """The rights of a key as things stand; None for one that is blocked."""
        return self._blocks.role(feed, transport, dialled=dialled)

    async def follow(self) -> None:
        """Follow the graph for ever; what was known stays when its service goes away."""
        await again(self._node, "indexing", self._follow_once)

    async def follow_guests(self) -> None:
        """Follow the invites for ever; what was known stays when their service goes away."""

        async def once() -> None:
            async with self._node.source("api", "invite.guests", {}) as stream:
                async for batch in stream:
                    guests = batch.json()[-1]
                    if isinstance(guests, list):
                        self._blocks.guests = frozenset(map(str, guests))
                        self.knows_guests = True

        await again(self._node, "api", once)

    async def _ask_peers(self, feed: FeedId, answer: Answer) -> None:
        """Ask whether a stranger is known; where nobody can tell, it is not."""
        try:
            reply = await self._node.call(
                "peers", "firewall.admits", {"feed": feed}, deadline_ms=ADMITS_DEADLINE_MS
            )
            is_known = reply.json().get("admitted") is True
        except BusError as error:
            log.info("peers cannot be asked", extra={"fields": {"error": error.message}})
            is_known = False
        answer(None if is_known else UNKNOWN)

    async def _follow_once(self) -> None:
        self._blocks.restart()
        wanted = {"live": True, "source": self._blocks.own}
        async with self._node.source("indexing", "graph.edges", wanted) as stream:
            async for batch in stream:
                for edge in batch.json():
                    self._learn(edge)

    def _learn(self, edge: dict[str, object]) -> None:
        blocked = self._blocks.learn(edge)
        if blocked in self._blocks.blocked and blocked != self._blocks.own:
            self._exchange.close_feed(blocked, BLOCKED)
        if self._blocks.synced and not self._open.is_set():
            self._open.set()
            while self._waiting:
                self.ask(*self._waiting.popleft())
