"""Keeps book, staging and hub in step, as ssb-conn's interpoolGlue does, and tells who listens what happened.

Knows what each event means for each pool. Must never decide whom to dial.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from common.refs import FeedId
from services.peers.model.book import Book
from services.peers.model.entry import Data, Entry, entry_of, inferred_type, whose
from services.peers.model.groups import Group, back_off, group_of
from services.peers.model.hub import Contact, Hub
from services.peers.model.staging import Staging
from services.peers.ping import Ping
from services.peers.statistic import Statistic

__all__ = ["Change", "Pools"]

LASTING_MS: Final = 10_000
"""A connection that ended sooner counts as a failure where waiting is concerned: somebody throws us out."""

Kind = Literal["discover", "connect", "connect-failure", "disconnect", "remove", "other"]


class Change(NamedTuple):
    """Something happened to an address; `entry` is what was known of it."""

    kind: Kind
    entry: Entry


class Pools:
    """The three pools. `chance` draws a number from 0 to 1; `hops` tells how far a key is from ours."""

    def __init__(self, own: FeedId, chance: Callable[[], float]) -> None:
        self.own = own
        self.book = Book()
        self.staging = Staging()
        self.hub = Hub()
        self.hops: dict[str, int] = {}
        self._chance = chance
        self.listeners: list[Callable[[Change], None]] = []

    def entry(self, address: str) -> Entry | None:
        """What is known of an address, wherever."""
        return self.book.get(address) or self.staging.get(address) or self.staging.past(address)

    def group(self, entry: Entry) -> Group:
        """Whose quota an entry is dialled from."""
        return group_of(entry, self.hops.get(entry.key or ""))

    def remember(self, address: str, data: Mapping[str, Any], now: int) -> Entry:
        """Keep an address; what was given up or left alone counts again.

        Raises:
            ValueError: there is no room, or the address or the data are too large.
        """
        is_new = address not in self.book
        entry = self.book.set(address, data, now)
        self.revive(entry)
        if is_new:
            self._tell("discover", entry)
        return entry

    def revive(self, entry: Entry) -> None:
        """Forget that an address was given up or left alone."""
        entry.left_alone = False
        if entry.is_defunct:
            entry.next_dial = entry.wait = 0
            self.book.update(entry.address, {"defunct": None, "failingSince": None, "failure": 0})

    def forget(self, address: str) -> bool:
        """Let go of an address; answers whether it was kept."""
        entry = self.book.get(address)
        if entry is None:
            return False
        self.book.delete(address)
        self._tell("remove", entry)
        return True

    def stage(self, address: str, data: Mapping[str, Any], now: int) -> bool:
        """Note an address that somebody may want to connect to; not one that is in contact (conn.stage)."""
        if self.hub.find(address, data.get("key") or whose(address, data)) is not None:
            return False
        is_new = self.staging.stage(address, data, now)
        self._tell("other", self.staging.get(address) or entry_of(address, {}))
        return is_new

    def unstage(self, address: str) -> bool:
        """Let go of a noticed address."""
        entry = self.staging.unstage(address)
        if entry is not None:
            self._tell("other", entry)
        return entry is not None

    def clean(self) -> None:
        """Let go of what is found again where it still is: the local network, Bluetooth (cleanUpDB of ssb-conn)."""
        for entry in self.book:
            if entry.data.get("source") in ("local", "bt") or entry.data.get("type") in (
                "lan",
                "bt",
            ):
                self.book.delete(entry.address)

    def resume(self, now: int) -> None:
        """After a start who failed waits on as before it."""
        for entry in self.book:
            if entry.failures and entry.last_change:
                entry.wait = back_off(entry, self.group(entry), self._chance())
                entry.next_dial = min(entry.last_change, now) + entry.wait

    def connecting(self, address: str, data: Data, now: int) -> Contact:
        """A dial begins; there is no contact with that peer."""
        staged = self._unstaged(address, whose(address, data))
        known = self.entry(address) or entry_of(address, dict(data))
        known.left_alone = False
        group = self.group(known)
        self.book.update(address, {"stateChange": now})
        kept = self.book.get(address)
        shown = {**data, **(kept.data if kept else {}), **staged}
        shown |= {"hubBirth": now, "hubUpdated": now}
        contact = Contact(address, whose(address, data), "connecting", now, shown, True, group)
        self.hub.add(contact)
        self._tell("other", known)
        return contact

    def failed(self, contact: Contact, now: int, error: str) -> None:
        """A dial came to nothing."""
        self.hub.remove(contact)
        entry = self.entry(contact.address)
        if entry is None:
            self._tell("other", entry_of(contact.address, {}))
            return
        duration = Statistic.read(entry.data.get("duration"))
        duration.add(0)
        news = {
            "failure": entry.failures + 1,
            "stateChange": now,
            "duration": duration.json(),
            "failingSince": entry.data.get("failingSince") or now,
        }
        entry.error = error
        self._note(entry, news)
        self._put_off(entry, contact.group, now)
        self._tell("connect-failure", entry)

    def given_up(self, contact: Contact, now: int) -> None:
        """A dial was for nothing, and not by the peer's fault: it is in contact elsewhere, or nobody could dial."""
        self.hub.remove(contact)
        entry = self.entry(contact.address)
        if entry is not None:
            self._put_off(entry, contact.group, now)
        self._tell("other", entry or entry_of(contact.address, {}))

    def connected(
        self, key: FeedId, connection: str, address: str, now: int, *, dialled: bool
    ) -> Contact | None:
        """A connection stands; answers the contact it carries, None for our own clients."""
        if key == self.own:
            return None
        contact = self.hub.with_key(key)
        if contact is None:
            entry = self.entry(address) or entry_of(address, {"key": key})
            data = {**entry.data, "hubBirth": now, "hubUpdated": now}
            contact = Contact(address, key, "connecting", now, data, dialled, self.group(entry))
            self.hub.add(contact)
        self.hub.carry(contact, connection, dialled=dialled)
        if contact.state == "connecting":
            self._joined(contact, now)
        return contact

    def _joined(self, contact: Contact, now: int) -> None:
        contact.state, contact.since = "connected", now
        contact.joined_at = now
        staged = self._unstaged(contact.address, contact.key)
        entry = self.entry(contact.address)
        if entry is not None:
            entry.error, entry.left_alone, entry.client = None, False, contact.dialled
            self._note(
                entry,
                {"stateChange": now, "failure": 0, "failingSince": None, "defunct": None},
            )
        if "type" not in contact.data:
            contact.data["inferredType"] = inferred_type(contact.address)
        kept = self.book.get(contact.address)
        contact.data |= {**(kept.data if kept else {}), **staged, "hubUpdated": now}
        self._tell("connect", entry or entry_of(contact.address, {"key": contact.key}))

    def pinged(self, contact: Contact, ping: Ping) -> None:
        """Round trips of a connection that we made."""
        contact.ping = ping
        shown = {"rtt": ping.rtt.json(), "skew": ping.skew.json()}
        self.book.update(contact.address, {"ping": shown})

    def disconnecting(self, contact: Contact, now: int, *, left_alone: bool) -> None:
        """Somebody wants it gone; `left_alone` until somebody wants it back."""
        contact.state, contact.since = "disconnecting", now
        contact.data["hubUpdated"] = now
        self.book.update(contact.address, {"stateChange": now})
        for entry in self._entries_of(contact):
            entry.left_alone = left_alone or entry.left_alone
        self._tell("other", entry_of(contact.address, {}))

    def disconnected(self, connection: str, now: int, *, ours: bool = False) -> Contact | None:
        """A connection ended, by our own fault or not; answers the contact that is over by it."""
        contact = self.hub.drop(connection)
        if contact is None or contact.connections:
            return None
        self.hub.remove(contact)
        entry = self.entry(contact.address)
        if entry is None:
            self._tell("disconnect", entry_of(contact.address, {"key": contact.key}))
            return contact
        lasted = max(now - (contact.joined_at or now), 0)
        duration = Statistic.read(entry.data.get("duration"))
        duration.add(lasted)
        self._note(entry, {"stateChange": now, "duration": duration.json()})
        if lasted >= LASTING_MS:
            entry.flaps = 0
        elif not ours:
            entry.flaps += 1
        self._put_off(entry, contact.group, now)
        self._tell("disconnect", entry)
        return contact

    def _entries_of(self, contact: Contact) -> list[Entry]:
        found = self.book.of_key(contact.key) if contact.key else []
        entry = self.entry(contact.address)
        return found if entry is None or entry in found else [*found, entry]

    def _unstaged(self, address: str, key: FeedId | None) -> Data:
        """Take an address and all others of its peer from staging; answers what was known of it."""
        staged = self.staging.get(address)
        for other in [e for e in self.staging if key is not None and e.key == key]:
            self.unstage(other.address)
        self.unstage(address)
        return {} if staged is None else staged.data

    def _note(self, entry: Entry, news: Data) -> None:
        if self.book.get(entry.address) is entry:
            self.book.update(entry.address, news)
        else:
            merged = {**entry.data, **news}
            entry.data = {name: value for name, value in merged.items() if value is not None}

    def _put_off(self, entry: Entry, group: Group, now: int) -> None:
        entry.wait = back_off(entry, group, self._chance())
        entry.next_dial = now + entry.wait

    def _tell(self, kind: Kind, entry: Entry) -> None:
        for listener in self.listeners:
            listener(Change(kind, entry))
