"""Connections: two ordered lines, each with a delay and a width, and both lost at once.

A line that breaks loses what is under way. Each end hears of that in its own time: until then it sends into the
void, and may meanwhile be called again.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from common.refs import FeedId
from tests.simulation.timeline import Timeline

CHUNK_MS = 40.0
"""What goes through a line in this time arrives together."""
CONGESTED_BYTES = 20_000
FREE_BYTES = 5_000


class Item(NamedTuple):
    """What travels: a kind, what it holds, and its size in bytes."""

    kind: str
    value: object
    size: int = 20


class End(Protocol):
    """Who sits at one end."""

    own: FeedId

    def opened(self, connection: "Connection", *, client: bool) -> None:
        """The connection stands."""

    def took(self, connection: "Connection", items: Sequence[Item]) -> None:
        """Something arrived."""

    def closed(self, connection: "Connection") -> None:
        """The connection is over."""

    def congested(self, connection: "Connection", congested: bool) -> None:
        """More waits to be sent than should, or no longer."""


@dataclass(frozen=True)
class Quality:
    """Of a line: milliseconds of delay, bytes in a millisecond."""

    delay: float = 20
    width: float = 1_000


class _Line:
    def __init__(self, connection: "Connection", sender: End, receiver: End) -> None:
        self.connection = connection
        self.sender = sender
        self.receiver = receiver
        self.waiting: deque[Item] = deque()
        self.size = 0
        self.busy = False
        self.is_congested = False

    def put(self, items: Sequence[Item]) -> None:
        self.waiting.extend(items)
        self.size += sum(item.size for item in items)
        if not self.busy:
            self.send()
        if self.size > CONGESTED_BYTES and not self.is_congested:
            self.is_congested = True
            self.sender.congested(self.connection, True)

    def send(self) -> None:
        """Puts a chunk on its way; the next one follows when it has left."""
        if not self.waiting or not self.connection.up:
            self.busy = False
            return
        width = self.connection.quality.width
        chunk: list[Item] = []
        size = 0
        while self.waiting and (not chunk or size + self.waiting[0].size <= width * CHUNK_MS):
            chunk.append(self.waiting.popleft())
            size += chunk[-1].size
        self.busy = True
        timeline, delay = self.connection.timeline, self.connection.quality.delay
        timeline.after(size / width + delay, lambda: self.arrive(chunk))
        timeline.after(size / width, lambda: self.left(size))

    def left(self, size: int) -> None:
        self.size -= size
        self.send()
        if self.is_congested and self.size < FREE_BYTES and self.connection.up:
            self.is_congested = False
            self.sender.congested(self.connection, False)

    def arrive(self, chunk: Sequence[Item]) -> None:
        if self.connection.up:
            self.receiver.took(self.connection, chunk)


class Connection:
    """One connection between a client and a server."""

    def __init__(self, timeline: Timeline, client: End, server: End, quality: Quality) -> None:
        self.timeline = timeline
        self.client = client
        self.server = server
        self.quality = quality
        self.up = True
        self._lines = {
            client.own: _Line(self, client, server),
            server.own: _Line(self, server, client),
        }

    def open(self) -> None:
        """Tells both ends."""
        self.server.opened(self, client=False)
        if self.up:
            self.client.opened(self, client=True)

    def other(self, own: FeedId) -> End:
        """Who sits at the other end."""
        return self._lines[own].receiver

    def put(self, own: FeedId, items: Sequence[Item]) -> None:
        """Sends to the other end."""
        self._lines[own].put(items)

    def is_congested(self, own: FeedId) -> bool:
        """Whether an end has more to send than it should."""
        return self._lines[own].is_congested

    def cut(self, client_ms: float = 0, server_ms: float = 0) -> None:
        """Breaks; each end hears of it after so long."""
        if self.up:
            self.up = False
            self.timeline.after(client_ms, lambda: self.client.closed(self))
            self.timeline.after(server_ms, lambda: self.server.closed(self))
