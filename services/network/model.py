"""Who is connected, who may come in: state and decisions, without I/O and without a clock.

Knows connections by name, handshakes under way and their limits, and whom our feed blocks. Must never know
sockets, frames or the bus. The adapters tell it what happened and do what it answers.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from common.refs import FeedId
from services.network.permission import Role, role_of

__all__ = [
    "MAX_CONNECTIONS",
    "MAX_HANDSHAKES",
    "MAX_HANDSHAKES_PER_ADDRESS",
    "Admission",
    "Blocks",
    "Connection",
    "Connections",
]

MAX_CONNECTIONS = 4096
"""Open connections in all; each costs a socket and some 100 KiB of buffers at the worst."""

MAX_HANDSHAKES = 512
"""Handshakes under way in all: each costs five scalar multiplications, about a third of a millisecond."""

MAX_HANDSHAKES_PER_ADDRESS = 128
"""Handshakes under way from one address: one host cannot take every place, a network behind one NAT fits."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that stands. `address` is where it leads or came from; `at` is in ms since 1970."""

    name: str
    feed: FeedId
    address: str
    dialled: bool
    role: Role
    transport: str
    at: int

    def change(self, kind: Literal["connected", "disconnected"], at: int) -> dict[str, object]:
        """The item of `connections.changes` (docs/bus.md section 8)."""
        return {
            "type": kind,
            "connection": self.name,
            "feed": self.feed,
            "address": self.address,
            "client": self.dialled,
            "role": self.role,
            "transport": self.transport,
            "at": at,
        }


@dataclass(slots=True)
class Connections:
    """All connections that stand, by name and by the remote's key."""

    _by_name: dict[str, Connection] = field(default_factory=dict)
    _last: int = 0

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._by_name.values()))

    def next_name(self) -> str:
        """A name that no other connection of this process ever had."""
        self._last += 1
        return str(self._last)

    def add(self, connection: Connection) -> None:
        """Note a connection that stands from now on."""
        self._by_name[connection.name] = connection

    def remove(self, name: str) -> Connection | None:
        """Forget one that ended; answers what it was, None when it was not known."""
        return self._by_name.pop(name, None)

    def get(self, name: str) -> Connection | None:
        """The connection of that name, if it stands."""
        return self._by_name.get(name)

    def with_peer(self, feed: FeedId) -> Connection | None:
        """A connection to a peer that a new dial can be spared for: one of ours rather than one of theirs.

        Local clients are no peers: they came through the unix socket with our own key. Two servers that dial
        each other at once get two connections and keep both, as the reference does.
        """
        found = [c for c in self if c.feed == feed and c.transport != "unix"]
        return max(found, key=lambda c: c.dialled, default=None)


@dataclass(slots=True)
class Admission:
    """Counts handshakes under way and connections; says why one more is too many."""

    _handshakes: Counter[str] = field(default_factory=Counter)

    def enter(self, host: str, connected: int) -> str | None:
        """Ask for a place for a handshake from a host; answers None, or the reason of the refusal."""
        under_way = self._handshakes.total()
        if connected + under_way >= MAX_CONNECTIONS:
            return "too many connections"
        if under_way >= MAX_HANDSHAKES:
            return "too many handshakes"
        if self._handshakes[host] >= MAX_HANDSHAKES_PER_ADDRESS:
            return "too many handshakes from one address"
        self._handshakes[host] += 1
        return None

    def leave(self, host: str) -> None:
        """Give the place back: the handshake ended, well or badly."""
        self._handshakes[host] -= 1
        if not self._handshakes[host]:
            del self._handshakes[host]

    @property
    def under_way(self) -> int:
        """Handshakes under way in all."""
        return self._handshakes.total()


@dataclass(slots=True)
class Blocks:
    """Whom our feed blocks, as `graph.edges` tells it: the past first, then what comes.

    Until the past has been told once, nobody knows who is blocked: strangers wait.
    """

    own: FeedId
    masters: frozenset[str] = frozenset()
    synced: bool = False
    _blocked: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)
    _catching_up: bool = True

    def restart(self) -> None:
        """The telling begins anew (the service was away): what is not told again is blocked no more."""
        self._told, self._catching_up = set(), True

    def learn(self, edge: dict[str, object]) -> str | None:
        """Take one item of the stream; answers the key that is blocked from now on, if there is one."""
        if edge.get("sync"):
            self.synced, self._catching_up = True, False
            self._blocked, self._told = self._told, set()
            return None
        dest, value = edge.get("dest"), edge.get("value")
        if edge.get("source") != self.own or not isinstance(dest, str):
            return None
        blocks = value == -1
        for known in (self._blocked, self._told) if self._catching_up else (self._blocked,):
            (known.add if blocks else known.discard)(dest)
        return dest if blocks else None

    def role(self, feed: FeedId, transport: str, *, dialled: bool) -> Role | None:
        """The rights of a key on a connection as things stand, None for one that is refused."""
        return role_of(
            feed,
            own=self.own,
            masters=self.masters,
            blocked=self._blocked,
            transport=transport,
            dialled=dialled,
        )

    def is_familiar(self, feed: FeedId, transport: str) -> bool:
        """Whether somebody is let in without waiting for the past: our own key, and local clients."""
        return self.synced or transport == "unix" or feed == self.own
