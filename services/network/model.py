"""Who is connected, who may come in: state and decisions, without I/O and without a clock.

Knows connections by name, handshakes under way and their limits, and whom our feed blocks. Must never know
sockets, frames or the bus. The adapters tell it what happened and do what it answers.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Literal

from common.refs import FeedId, raw
from common.runtime.workers import connection_name
from services.network.permission import Role, role_of

__all__ = [
    "Admission",
    "Blocks",
    "Connection",
    "Connections",
    "household",
    "is_local",
    "outlasts",
]

CROSSING_MS = 20_000
"""Two connections of one peer, one dialled by each, have crossed when they came up within this time: no dial takes
longer. What comes later does not know of the first (a restart), or its server keeps both (the reference does)."""

HOUSEHOLD_BITS = 64
"""Of an IPv6 address: what one customer is given at least, so its addresses count as one."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that stands.

    `address` is where it leads or came from, `here` the host of its end on this machine (empty for a unix socket);
    `at` is in ms since 1970.
    """

    name: str
    feed: FeedId
    address: str
    dialled: bool
    role: Role
    transport: str
    at: int
    here: str = ""

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
            "here": self.here,
        }


def outlasts(own: FeedId, peer: FeedId, *, dialled: bool) -> bool:
    """Whether, of two connections that crossed, this one stays: the one that the greater key (as bytes) dialled.

    Both ends come to the same answer without a word.
    """
    return (raw(own) > raw(peer)) == dialled


@dataclass(slots=True)
class Connections:
    """All connections that stand in this worker, by name and by the remote's key; and those `elsewhere`, in others."""

    worker: str = "network"
    elsewhere: dict[str, Connection] = field(default_factory=dict)
    _by_name: dict[str, Connection] = field(default_factory=dict)
    _by_feed: Counter[str] = field(default_factory=Counter)
    _last: int = 0

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._by_name.values()))

    def next_name(self) -> str:
        """A name that no other connection of this process ever had, and none of another worker has."""
        self._last += 1
        return connection_name(self.worker, self._last)

    def add(self, connection: Connection) -> None:
        """Note a connection that stands from now on."""
        self._by_name[connection.name] = connection
        self._by_feed[connection.feed] += 1

    def remove(self, name: str) -> Connection | None:
        """Forget one that ended; answers what it was, None when it was not known."""
        connection = self._by_name.pop(name, None)
        if connection is not None:
            self._by_feed[connection.feed] -= 1
            if not self._by_feed[connection.feed]:
                del self._by_feed[connection.feed]
        return connection

    def count(self, feed: FeedId) -> int:
        """How many stand with a key."""
        return self._by_feed[feed]

    def get(self, name: str) -> Connection | None:
        """The connection of that name, if it stands."""
        return self._by_name.get(name)

    def with_peer(self, feed: FeedId) -> Connection | None:
        """A connection to a peer that a new dial can be spared for: one of ours rather than one of theirs.

        Local clients are no peers: they came through the unix socket with our own key.
        """
        return max(self._with(feed), key=lambda c: c.dialled, default=None)

    def rival(self, feed: FeedId, *, dialled: bool, at: int) -> Connection | None:
        """The connection with a peer that one which comes up now has crossed, if it did."""
        return next(
            (c for c in self._with(feed) if c.dialled != dialled and abs(at - c.at) <= CROSSING_MS),
            None,
        )

    def _with(self, feed: FeedId) -> list[Connection]:
        all_ = (*self._by_name.values(), *self.elsewhere.values())
        return [c for c in all_ if c.feed == feed and c.transport != "unix"]


def household(host: str) -> str:
    """What counts as one address: an IPv4 address, or the network of an IPv6 one."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), HOUSEHOLD_BITS), strict=False))


def is_local(host: str) -> bool:
    """Whether an address is one that a machine has for itself alone."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


@dataclass(slots=True)
class Admission:
    """Counts handshakes under way and sockets that came in, by address; says why one more is too many.

    A socket counts from its arrival until it is closed, whether or not a handshake was made of it.
    """

    max_connections: int
    max_connections_per_address: int
    max_handshakes: int
    max_handshakes_per_address: int
    _handshakes: Counter[str] = field(default_factory=Counter)
    _sockets: Counter[str] = field(default_factory=Counter)

    def arrive(self, host: str, connected: int) -> str | None:
        """Ask for a place for a socket and its handshake; answers None, or the reason of the refusal.

        `connected` are the connections that stand, ours as well.
        """
        address = household(host)
        if connected + self._handshakes.total() >= self.max_connections:
            return "too many connections"
        if self._handshakes.total() >= self.max_handshakes:
            return "too many handshakes"
        if self._handshakes[address] >= self.max_handshakes_per_address:
            return "too many handshakes from one address"
        if self._sockets[address] >= self.max_connections_per_address:
            return "too many connections from one address"
        self._handshakes[address] += 1
        self._sockets[address] += 1
        return None

    def settle(self, host: str) -> None:
        """The handshake ended, well or badly."""
        _give_back(self._handshakes, household(host))

    def depart(self, host: str) -> None:
        """The socket is closed."""
        _give_back(self._sockets, household(host))

    @property
    def under_way(self) -> int:
        """Handshakes under way in all."""
        return self._handshakes.total()

    @property
    def addresses(self) -> int:
        """Addresses with a socket here."""
        return len(self._sockets)


def _give_back(places: Counter[str], address: str) -> None:
    places[address] -= 1
    if not places[address]:
        del places[address]


@dataclass(slots=True)
class Blocks:
    """Whom our feed blocks, as `graph.edges` tells it: the past first, then what comes.

    Until the past has been told once, nobody knows who is blocked: strangers wait. Without `enforced` it makes
    no difference.
    """

    own: FeedId
    masters: frozenset[str] = frozenset()
    guests: frozenset[str] = frozenset()
    """Keys of invites, as `invite.guests` tells them."""
    enforced: bool = True
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
            blocked=self._blocked if self.enforced else (),
            guests=self.guests,
            transport=transport,
            dialled=dialled,
        )

    @property
    def blocked(self) -> frozenset[str]:
        """Who is refused for being blocked."""
        return frozenset(self._blocked) if self.enforced else frozenset()

    def is_familiar(self, feed: FeedId, transport: str) -> bool:
        """Whether somebody is let in without waiting for the past: our own key, and local clients."""
        return self.synced or transport == "unix" or feed == self.own
