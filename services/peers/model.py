"""Whom we know, who is connected, and when to dial again: state and decisions, no I/O, no clock.

Knows peers by key, their addresses and their luck, in the shapes of ssb-gossip. Must never know sockets or the
bus. The actor tells it what happened and asks it whom to dial. Times are ms since 1970, `chance` is 0 to 1.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from common.refs import FeedId
from services.peers.ping import Ping
from services.peers.statistic import Statistic

__all__ = ["Book", "Change", "Peer", "Source", "State", "back_off"]

BACK_OFF_MS = 2_000
MAX_BACK_OFF_MS = 600_000
"""The reference's quotas for seeds and friends: 2 s, doubled with each failure, ten minutes at most."""

MAX_DOUBLINGS = 16
"""More change nothing: two seconds doubled nine times are beyond the limit."""

SLACK_MS = 1_000
"""A clock that is corrected by less has not jumped."""

MAX_PEERS = 10_000
"""Addresses come from callers with full rights, but a loop in a script must not eat the memory."""

State = Literal["connecting", "connected", "disconnecting"]
Source = Literal["seed", "manual"]
Change = dict[str, object]


def back_off(failures: int, chance: float) -> int:
    """How long to wait after so many failures in a row, in ms; up to a quarter is left to chance.

    Two servers that lost each other at the same moment then do not meet at the same moment for ever.
    """
    whole = min(BACK_OFF_MS * 2 ** min(failures, MAX_DOUBLINGS), MAX_BACK_OFF_MS)
    return int(whole * (1 - chance / 4))


@dataclass(slots=True)
class Peer:
    """One that we may dial. `wanted` tells whether it is dialled again when it is lost."""

    key: FeedId
    address: str
    host: str
    port: int
    source: Source
    announcers: int = 1
    state: State | None = None
    state_change: int | None = None
    failure: int = 0
    error: str | None = None
    client: bool | None = None
    wanted: bool = True
    next_dial: int = 0
    wait: int = 0
    duration: Statistic = field(default_factory=Statistic)
    ping: Ping | None = None
    connections: dict[str, bool] = field(default_factory=dict)

    def json(self) -> dict[str, object]:
        """The peer as `gossip.peers` of the reference shows it; what is not known is left out."""
        shown: dict[str, object] = {
            "host": self.host,
            "port": self.port,
            "key": self.key,
            "address": self.address,
            "source": self.source,
            "announcers": self.announcers,
            "duration": self.duration.json() if self.duration.count else None,
            "stateChange": self.state_change,
            "state": self.state,
            "client": self.client,
            "ping": None,
            "failure": self.failure,
            "error": self.error,
        }
        if self.ping is not None:
            shown["ping"] = {"rtt": self.ping.rtt.json(), "skew": self.ping.skew.json()}
        return {k: v for k, v in shown.items() if v is not None or k == "duration"}


@dataclass(slots=True)
class Book:
    """All peers we know. `chance` draws a number from 0 to 1."""

    own: FeedId
    chance: Callable[[], float]
    _peers: dict[str, Peer] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Peer]:
        return iter(tuple(self._peers.values()))

    def __len__(self) -> int:
        return len(self._peers)

    def get(self, key: str) -> Peer | None:
        """The peer with a key, if it is known."""
        return self._peers.get(key)

    def at(self, address: str) -> Peer | None:
        """The peer that goes by an address."""
        return next((p for p in self if p.address == address), None)

    def add(self, key: FeedId, address: str, host: str, port: int, source: Source) -> Peer | None:
        """Note where a peer can be found; one that is known is announced once more, and moves there.

        None for our own key, and for one more when the book is full.
        """
        known = self._peers.get(key)
        if known is not None:
            known.announcers += 1
            known.address, known.host, known.port = address, host, port
            return known
        if key == self.own or len(self._peers) >= MAX_PEERS:
            return None
        peer = self._peers[key] = Peer(key, address, host, port, source)
        return peer

    def due(self, now: int) -> list[Peer]:
        """Whom to dial now; each is marked as being dialled."""
        found = [p for p in self if p.wanted and p.state is None and _is_due(p, now)]
        for peer in found:
            self.dialling(peer, now)
        return found

    def next_due(self) -> int | None:
        """When somebody is to be dialled next, None when nobody is."""
        times = (p.next_dial for p in self if p.wanted and p.state is None)
        return min(times, default=None)

    def dialling(self, peer: Peer, now: int) -> None:
        """A dial begins."""
        peer.wanted = True
        if peer.state != "connected":
            peer.state, peer.state_change = "connecting", now

    def failed(self, peer: Peer, now: int, error: str) -> None:
        """A dial came to nothing."""
        if peer.state == "connected":
            return
        peer.failure += 1
        peer.error = error
        peer.state, peer.state_change = None, now
        self._dial_later(peer, now)

    def connected(self, key: str, connection: str, now: int, *, dialled: bool) -> Peer | None:
        """A connection with a key stands; answers the peer if it is one of ours."""
        peer = self._peers.get(key)
        if peer is None or key == self.own:
            return None
        peer.connections[connection] = dialled
        peer.failure, peer.error = 0, None
        peer.client = dialled
        if peer.state != "connected":
            peer.state, peer.state_change = "connected", now
        return peer

    def disconnecting(self, peer: Peer, now: int) -> None:
        """Somebody wants it gone: it is not dialled again until somebody wants it back."""
        peer.wanted = False
        if peer.connections:
            peer.state, peer.state_change = "disconnecting", now

    def disconnected(self, key: str, connection: str, now: int) -> None:
        """A connection with a key ended; the last one decides when to dial again."""
        peer = self._peers.get(key)
        if peer is None or peer.connections.pop(connection, None) is None or peer.connections:
            return
        peer.duration.add(max(now - (peer.state_change or now), 0))
        peer.state, peer.state_change = None, now
        self._dial_later(peer, now)

    def _dial_later(self, peer: Peer, now: int) -> None:
        peer.wait = back_off(peer.failure, self.chance())
        peer.next_dial = now + peer.wait

    def lost(self, is_gone: Callable[[str], bool], now: int) -> None:
        """A worker of the network went away, and every connection with a name of its own."""
        for peer in self:
            for connection in filter(is_gone, tuple(peer.connections)):
                self.disconnected(peer.key, connection, now)


def _is_due(peer: Peer, now: int) -> bool:
    """Whether the time has come; also when it is further off than the wait was: the clock jumped back."""
    return not 0 < peer.next_dial - now <= peer.wait + SLACK_MS
