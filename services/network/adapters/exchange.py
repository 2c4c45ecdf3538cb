"""All conversations that stand: opened, found, closed, and told to who follows `connections.changes`.

Knows conversations by name. Must never know how they came about. The listeners and the dialler open them,
handlers find them, the gate closes those of whom our feed blocks.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from common.refs import FeedId
from common.runtime.limits import Tally
from common.wire.events import Request
from services.network.adapters.conversation import Conversation, OpenCall
from services.network.adapters.link import Link
from services.network.channel import Channel
from services.network.limits import MAX_REFUSED_CALLS, Ledger
from services.network.model import Connection, Connections, outlasts
from services.network.permission import GUEST, MASTER, Role

__all__ = ["CROSSED", "Changes", "Exchange"]

log = logging.getLogger(__name__)

MAX_BUFFERED_BYTES = 256 * 1024 * 1024
"""What may wait on all connections together: thirty of the largest packets, and half of a small board's memory."""

MAX_CHANGES = 10_000
"""Changes that wait for one follower: strangers make them as fast as they dial, a follower that stands still
is cut off and begins anew."""

WATCH_SECONDS = 10.0
"""How often silence is looked for: exact enough for a patience of minutes."""

CROSSED = "both dialled at once"

Changes = asyncio.Queue[dict[str, object] | None]
"""None when the follower fell too far behind: nothing comes after it."""


class Exchange:
    """The living side of the model's connections. `clock` tells ms since 1970."""

    def __init__(
        self,
        own: FeedId,
        clock: Callable[[], int],
        answer: Callable[[Conversation, Request], OpenCall | None],
        max_buffered: int = MAX_BUFFERED_BYTES,
        worker: str = "network",
    ) -> None:
        self.connections = Connections(worker)
        self.ended = Tally()
        self.refusals = Tally()
        self.ledger = Ledger()
        self._max_buffered = max_buffered
        self._own = own
        self._clock = clock
        self._answer = answer
        self._conversations: dict[str, Conversation] = {}
        self._followers: set[Changes] = set()

    def open(
        self,
        link: Link,
        channel: Channel,
        *,
        feed: FeedId,
        address: str,
        dialled: bool,
        role: Role,
        transport: str,
    ) -> Conversation:
        """Begin a conversation on a link whose other end is known."""
        name = self.connections.next_name()
        at, here = self._clock(), link.here
        connection = Connection(name, feed, address, dialled, role, transport, at, here)
        talk = Conversation(link, channel, connection, answer=self._answer, watcher=self)
        self.connections.add(connection)
        self._conversations[name] = talk
        log.info(
            "connected", extra={"fields": {"connection": name, "feed": feed, "address": address}}
        )
        self._tell(connection, "connected", connection.at)
        return talk

    def settle(self, feed: FeedId, *, dialled: bool) -> Connection | None:
        """Make room for a connection that is about to be opened; answers the one that it has to give way to.

        One that it crossed is closed if the new one outlasts it. The system is asked whether older ones still
        have another end: a peer that comes again may have lost them.
        """
        if feed == self._own:
            return None
        rival = self.connections.rival(feed, dialled=dialled, at=self._clock())
        if rival is not None and not outlasts(self._own, feed, dialled=dialled):
            return rival
        for talk in tuple(self._conversations.values()):
            if talk.connection == rival:
                talk.close(CROSSED)
            elif talk.connection.feed == feed:
                talk.link.probe()
        return None

    def learn(self, other: Connection) -> None:
        """Another worker has a connection: one of ours that it crossed is closed if the other one outlasts it."""
        self.connections.elsewhere[other.name] = other
        if other.feed == self._own:
            return
        ours = self.connections.rival(other.feed, dialled=other.dialled, at=other.at)
        wins = outlasts(self._own, other.feed, dialled=other.dialled)
        for talk in tuple(self._conversations.values()):
            if talk.connection == ours and wins:
                talk.close(CROSSED)
            elif talk.connection.feed == other.feed:
                talk.link.probe()

    def find(self, name: object) -> Conversation | None:
        """The conversation of that name, if it stands."""
        return self._conversations.get(name) if isinstance(name, str) else None

    def close_feed(self, feed: str, reason: str) -> None:
        """Close every connection with a key."""
        for talk in tuple(self._conversations.values()):
            if talk.connection.feed == feed:
                talk.close(reason)

    async def watch(self, patience: float, pause: float = WATCH_SECONDS) -> None:
        """Close, for ever, where neither side has said anything for so many seconds; 0 is endless patience.

        Local clients and our own key may be silent as long as they like (secret-stack).
        """
        while patience:
            await asyncio.sleep(pause)
            before = asyncio.get_running_loop().time() - patience
            for talk in tuple(self._conversations.values()):
                if talk.active_at < before and talk.connection.feed != self._own:
                    talk.close("silent for too long")

    async def close_all(self, reason: str, seconds: float) -> None:
        """Say goodbye to everybody and wait a while until it has been sent."""
        talks = tuple(self._conversations.values())
        for talk in talks:
            talk.close(reason)
        if talks:
            await asyncio.wait([talk.link.gone for talk in talks], timeout=seconds)
        for talk in talks:
            talk.link.abort()

    def count(self, reason: str) -> None:
        """Count why a connection ended, or never came to be."""
        self.ended.note(reason)

    @contextmanager
    def follow(self) -> Iterator[Changes]:
        """A queue with what stands now and, while the context lasts, what happens."""
        queue: Changes = asyncio.Queue()
        for connection in self.connections:
            if connection.role != GUEST:
                queue.put_nowait(connection.change("connected", connection.at))
        self._followers.add(queue)
        try:
            yield queue
        finally:
            self._followers.discard(queue)

    def holds(self, talk: Conversation, size: int) -> None:
        """So many bytes wait on a conversation; when it is too much in all, who holds the most has to go."""
        if talk.connection.name not in self._conversations:
            return
        self.ledger.put(talk.connection.name, size)
        while self.ledger.total > self._max_buffered:
            for name in tuple(self.ledger.held):
                self.ledger.put(name, self._conversations[name].held)
            largest = self._largest_stranger()
            if self.ledger.total <= self._max_buffered or largest is None:
                return
            largest.link.close("too many bytes wait in all")
            largest.link.abort()

    def refused(self, talk: Conversation, reason: str) -> None:
        """A call was refused; who goes on all the same is closed."""
        self.refusals.note(reason)
        if talk.refused_calls == MAX_REFUSED_CALLS and talk.connection.role != MASTER:
            talk.close("too many refused calls")

    def over(self, talk: Conversation, reason: str) -> None:
        """A conversation ended: forget it, count why, tell who follows."""
        connection = talk.connection
        del self._conversations[connection.name]
        self.ledger.put(connection.name, 0)
        self.connections.remove(connection.name)
        self.count(reason)
        log.info(
            "disconnected",
            extra={
                "fields": {"connection": connection.name, "feed": connection.feed, "reason": reason}
            },
        )
        self._tell(connection, "disconnected", self._clock())

    def _largest_stranger(self) -> Conversation | None:
        talks = (self._conversations[name] for name in self.ledger.held)
        strangers = (talk for talk in talks if talk.connection.role != MASTER)
        return max(strangers, key=lambda talk: talk.held, default=None)

    def _tell(
        self, connection: Connection, kind: Literal["connected", "disconnected"], at: int
    ) -> None:
        """Tell who follows; guests are no peers, nobody calls them."""
        if connection.role == GUEST:
            return
        change = connection.change(kind, at)
        for follower in tuple(self._followers):
            if follower.qsize() < MAX_CHANGES:
                follower.put_nowait(change)
            else:
                self._followers.discard(follower)
                follower.put_nowait(None)
