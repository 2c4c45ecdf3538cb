"""What messages of type `pub` announce, and how much of it is believed.

Knows contents that anybody may have written. Must never know how messages come here.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from services.peers import address as addresses
from services.peers.model.entry import Entry, host_and_port
from services.peers.model.pools import Change, Pools

__all__ = ["Announcements"]

MAX_OF_HOST: Final = 8
"""Keys announced at one host: more would let a few messages make everybody dial one victim."""

MAX_OF_KEY: Final = 8
"""Addresses announced for one key; a pub moves now and then."""

MAX_OF_AUTHOR: Final = 500
"""Addresses announced by one feed; the whole main network has some hundred pubs."""


class Announcements:
    """Counts what is kept of what was announced, and takes more."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._hosts: Counter[str] = Counter()
        self._authors: Counter[str] = Counter()
        #: Announcements that were passed over, by reason.
        self.passed_over: Counter[str] = Counter()
        for entry in pools.book:
            self._count(entry, 1)
        pools.listeners.append(self._changed)

    def take(self, author: str, content: object, now: int) -> None:
        """Keep the address that a message's content announces, or count one that is known once more."""
        found = addresses.read(content.get("address")) if isinstance(content, Mapping) else None
        if found is None or found.key == self._pools.own:
            return
        known = self._pools.book.get(found.address)
        if known is not None:
            self._again(known)
            return
        data = {"key": found.key, "host": found.host, "port": found.port, "announcers": 1}
        reason = self._objection(found, author)
        if reason is None:
            data |= {"source": "pub", "type": "pub", "announcedBy": author}
            try:
                self._pools.remember(found.address, data, now)
            except ValueError:
                reason = "the address book is full"
        if reason is not None:
            self.passed_over[reason] += 1

    def _again(self, known: Entry) -> None:
        counted = known.data.get("announcers")
        more = counted + 1 if isinstance(counted, int) else 1
        self._pools.book.update(known.address, {"announcers": more})
        if known.is_announced:
            self._pools.revive(known)

    def _objection(self, found: addresses.Found, author: str) -> str | None:
        if self._pools.hops.get(found.key) == -1:
            return "our feed blocks it"
        if self._hosts[found.host] >= MAX_OF_HOST:
            return "too many at one host"
        if self._authors[author] >= MAX_OF_AUTHOR:
            return "too many by one feed"
        same = [entry for entry in self._pools.book.of_key(found.key) if entry.is_announced]
        if len(same) < MAX_OF_KEY:
            return None
        worst = max(same, key=lambda entry: entry.failures)
        if not worst.failures:
            return "too many for one key"
        self._pools.forget(worst.address)
        return None

    def _changed(self, change: Change) -> None:
        if change.kind in ("discover", "remove"):
            self._count(change.entry, 1 if change.kind == "discover" else -1)

    def _count(self, entry: Entry, step: int) -> None:
        author: Any = entry.data.get("announcedBy")
        if entry.data.get("source") == "pub" and isinstance(author, str):
            self._hosts[host_and_port(entry.address)[0]] += step
            self._authors[author] += step
