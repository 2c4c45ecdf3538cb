"""Decides whom to dial and whom to drop: what happened goes in, commands come out; no I/O, no clock.

Knows the pools, the quotas and the graph's hops. Must never know sockets or the bus. The actor's rounds ask it
from time to time, and whenever something happened.

Quotas count who was dialled, never who came by himself: the doors have limits of their own (docs/limits.md). Who
was not tried for the longest time comes first, so that all are met; when places are taken and somebody waits,
the oldest connection makes room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Final

from services.peers.model.entry import Data, Entry
from services.peers.model.groups import GROUPS, Group, Wishes, group_of, is_dead, patience_ms
from services.peers.model.hub import Contact
from services.peers.model.pools import Pools
from services.peers.model.why import obstacle

__all__ = ["Close", "CloseAll", "CloseStranded", "Command", "Dial", "Scheduler"]

SHORTEST_STAY_MS: Final = 120_000
"""However many wait: less than two minutes is too short to replicate much."""

RETRY_PAUSE_MS: Final = 60_000
"""Between two dials of announced peers that failed before: sixty an hour, however many are dead (ssb-gossip: 43)."""

CLEAN_MS: Final = 10_000
LAN_FRESH_MS: Final = 10_000
"""A peer of the local network that was not heard for so long has left (ssb-conn)."""

LONGEST_PAUSE_MS: Final = 2_000
"""How often to look when nothing happens (ssb-conn and ssb-gossip)."""

SLACK_MS: Final = 1_000
"""A clock that is corrected by less has not jumped."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Dial an address; it fails when it takes longer than the patience."""

    address: str
    data: Data
    patience_ms: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connections of a contact."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class CloseAll:
    """Close every connection: they are dead, or nobody wants any."""

    reason: str


@dataclass(frozen=True, slots=True)
class CloseStranded:
    """Close the connections that stand on addresses which this machine has no more, as `whereabouts` writes them."""

    networks: frozenset[str]
    reason: str


Command = Dial | Close | CloseAll | CloseStranded


class Scheduler:
    """The machine. `chance` draws a number from 0 to 1."""

    def __init__(self, pools: Pools, wishes: Wishes, chance: Callable[[], float]) -> None:
        self.pools = pools
        self.wishes = wishes
        self.is_running = False
        #: Whether it is known whom our feed blocks and follows; nobody is dialled before.
        self.knows_graph = False
        self.has_network = True
        self._chance = chance
        self._cleaned_at = 0
        self._retried_at = -RETRY_PAUSE_MS
        self._rotated_at: dict[Group, int] = {}

    def start(self) -> list[Command]:
        """Begin to dial (conn.start)."""
        self.is_running = True
        return []

    def stop(self) -> list[Command]:
        """Dial nobody any more, and let everybody go (conn.stop)."""
        self.is_running = False
        return [CloseAll("stopped")]

    def woke(self, now: int) -> list[Command]:
        """The machine slept: connections are dead, and failures may have been our own."""
        self._forgive(now)
        return [CloseAll("woke up")]

    def network_changed(
        self, now: int, *, has_network: bool, lost: frozenset[str]
    ) -> list[Command]:
        """Addresses of this machine came or went; `lost` are those that went.

        ssb-conn ends all connections then; the bridge of some container that comes and goes is no reason to.
        """
        self.has_network = has_network
        self._forgive(now)
        return [CloseStranded(lost, "the network changed")] if lost else []

    def tick(self, now: int) -> list[Command]:
        """What to do now; dials that are answered here are under way from now on."""
        if not self.is_running or not self.knows_graph:
            return []
        if not 0 <= now - self._cleaned_at < CLEAN_MS:
            self._cleaned_at = now
            self._clean(now)
        waiting = self._waiting(now)
        return [command for group in GROUPS for command in self._fill(group, waiting[group], now)]

    def next_due(self, now: int) -> int:
        """When to ask again, in ms since 1970, if nothing happens before."""
        due = (e.next_dial for e in self._candidates() if now < e.next_dial)
        return min((*due, now + LONGEST_PAUSE_MS))

    def places(self, group: Group) -> list[Contact]:
        """Who takes a place of a group's quota."""
        return [c for c in self.pools.hub if c.dialled and c.group == group]

    def _candidates(self) -> list[Entry]:
        staged = [e for e in self.pools.staging if e.address not in self.pools.book]
        return [*self.pools.book, *staged]

    def _waiting(self, now: int) -> dict[Group, list[Entry]]:
        """Who may be dialled now, by group; of one peer the address that was tried longest ago."""
        found: dict[Group, list[Entry]] = {group: [] for group in GROUPS}
        seen: set[str] = set()
        hub = self.pools.hub
        due = [e for e in self._candidates() if is_due(e, now)]
        for entry in sorted(due, key=lambda e: e.last_change):
            if entry.key is None or entry.key in seen:
                continue
            if hub.find(entry.address, entry.key) is not None or obstacle(entry, self):
                continue
            seen.add(entry.key)
            found[self.pools.group(entry)].append(entry)
        return found

    def _fill(self, group: Group, waiting: list[Entry], now: int) -> list[Command]:
        taken = self.places(group)
        free = self.wishes.quotas[group] - len(taken)
        if free <= 0:
            return self._rotate(group, taken, waiting, now)
        commands: list[Command] = []
        for entry in waiting:
            if len(commands) == free:
                break
            if self._is_retry(entry, group):
                if 0 <= now - self._retried_at < RETRY_PAUSE_MS:
                    continue
                self._retried_at = now
            self.pools.connecting(entry.address, {}, now)
            commands.append(Dial(entry.address, entry.data, patience_ms(entry)))
        return commands

    def _rotate(
        self, group: Group, taken: list[Contact], waiting: list[Entry], now: int
    ) -> list[Command]:
        """Drop the connection that stands longest when somebody waits (30 min alone, sooner for many)."""
        connected = [c for c in taken if c.state == "connected"]
        if not waiting or len(connected) < len(taken):
            return []
        hopeful = sum(entry.failures == 0 for entry in waiting)
        stay = max(self.wishes.rotation_ms / sqrt(max(hopeful, 1)), SHORTEST_STAY_MS)
        pause = stay / max(self.wishes.quotas[group], 1)
        oldest = min(connected, key=lambda c: c.since)
        if 0 <= now - self._rotated_at.get(group, -int(pause)) < pause or now - oldest.since < stay:
            return []
        self._rotated_at[group] = now
        self.pools.disconnecting(oldest, now, left_alone=False)
        return [Close(oldest.address, "others wait")]

    def _is_retry(self, entry: Entry, group: Group) -> bool:
        return group == "strangers" and entry.is_announced and entry.failures > 0

    def _forgive(self, now: int) -> None:
        """Try everybody again soon who was left alone for failing, not all in one moment."""
        for entry in self._candidates():
            if entry.next_dial > now and not entry.is_announced:
                entry.wait = int(SLACK_MS * (1 + self._chance()))
                entry.next_dial = now + entry.wait

    def _clean(self, now: int) -> None:
        pools = self.pools
        for entry in pools.staging:
            if self.is_blocked(entry) or (entry.kind == "lan" and _is_stale(entry, now)):
                pools.unstage(entry.address)
        for entry in pools.book:
            group = group_of(entry, pools.hops.get(entry.key or ""))
            if entry.data.get("autoconnect") is False and not self.is_blocked(entry):
                self._stage(entry, now)
            if not is_dead(entry, group, now, self.wishes.dead_after_ms):
                continue
            if entry.is_announced and group == "strangers":
                pools.forget(entry.address)
            elif not entry.is_defunct:
                pools.book.update(entry.address, {"defunct": True})

    def _stage(self, entry: Entry, now: int) -> None:
        if entry.address not in self.pools.staging:
            self.pools.stage(entry.address, {"pool": "db", **entry.data}, now)

    def is_blocked(self, entry: Entry) -> bool:
        """Whether our own feed blocks a peer."""
        return self.pools.hops.get(entry.key or "") == -1


def is_due(entry: Entry, now: int) -> bool:
    """Whether the time has come; also when it is further off than the wait was: the clock jumped back."""
    return not 0 < entry.next_dial - now <= entry.wait + SLACK_MS


def _is_stale(entry: Entry, now: int) -> bool:
    updated = entry.data.get("stagingUpdated")
    return not isinstance(updated, int) or abs(now - updated) > LAN_FRESH_MS
