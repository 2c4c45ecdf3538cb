"""The addresses that are kept, with what is known of each: conn.json in memory, as ssb-conn-db has it.

Knows entries by address, and the limits on them. Must never know files or who is connected.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from common.refs.legacy import LegacyAddress
from common.refs.multiserver import is_multiserver
from services.peers.model.entry import Data, Entry, entry_of

__all__ = ["MAX_DATA_BYTES", "MAX_ENTRIES", "Book", "migrated"]

MAX_ENTRIES = 10_000
"""Some 3 MB of file. Every pub that was ever announced in the main network is a tenth of that."""

MAX_DATA_BYTES = 16_384
"""Of one entry: callers may keep what they like with it, but a file is rewritten whole."""

MAX_ADDRESS_CHARACTERS = 1_024
"""An onion address with its key has 150."""


class Book:
    """Entries in the order in which they came. `changed` is called after each change."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._by_key: dict[str, list[Entry]] = {}
        self.changed: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __contains__(self, address: str) -> bool:
        return address in self._entries

    def get(self, address: str) -> Entry | None:
        """The entry of an address."""
        return self._entries.get(address)

    def of_key(self, key: str) -> list[Entry]:
        """Every address that is known of a peer, the oldest first."""
        return list(self._by_key.get(key, ()))

    def peers(self) -> list[str]:
        """The keys that are known, each once."""
        return list(self._by_key)

    def load(self, document: object) -> list[str]:
        """Take what a file held; answers the addresses of entries that are none, which are left out."""
        if not isinstance(document, Mapping):
            return []
        refused = []
        for address, data in document.items():
            if len(self._entries) < MAX_ENTRIES and _is_sound(address, data):
                self._keep(address, dict(data))
            else:
                refused.append(str(address)[:MAX_ADDRESS_CHARACTERS])
        return refused

    def dump(self) -> dict[str, Data]:
        """What a file shall hold."""
        return {entry.address: entry.data for entry in self._entries.values()}

    def set(self, address: str, data: Mapping[str, Any], now: int) -> Entry:
        """Keep an address, or add to what is known of it.

        Raises:
            ValueError: there is no room, or the address or the data are too large.
        """
        known = self._entries.get(address)
        merged = {**known.data, **data} if known is not None else dict(data)
        if not _is_sound(address, merged):
            raise ValueError("the address or its data are too large")
        if known is None:
            self._make_room(merged)
            known = self._keep(address, {"birth": now, **merged})
        else:
            self._replace(known, {"birth": now, **merged})
        self.changed()
        return known

    def update(self, address: str, data: Mapping[str, Any]) -> None:
        """Add to what is known of an address, if it is kept; None takes a member away."""
        known = self._entries.get(address)
        if known is None:
            return
        merged = {**known.data, **data}
        self._replace(known, {name: value for name, value in merged.items() if value is not None})
        self.changed()

    def delete(self, address: str) -> bool:
        """Forget an address; answers whether it was kept."""
        known = self._entries.pop(address, None)
        if known is None:
            return False
        self._drop_key(known)
        self.changed()
        return True

    def _keep(self, address: str, data: Data) -> Entry:
        entry = self._entries[address] = entry_of(address, data)
        if entry.key is not None:
            self._by_key.setdefault(entry.key, []).append(entry)
        return entry

    def _replace(self, entry: Entry, data: Data) -> None:
        again = entry_of(entry.address, data)
        entry.data = data
        if again.key != entry.key:
            self._drop_key(entry)
            entry.key = again.key
            if entry.key is not None:
                self._by_key.setdefault(entry.key, []).append(entry)

    def _drop_key(self, entry: Entry) -> None:
        others = [e for e in self._by_key.get(entry.key or "", ()) if e is not entry]
        if others:
            self._by_key[entry.key or ""] = others
        else:
            self._by_key.pop(entry.key or "", None)

    def _make_room(self, data: Data) -> None:
        """Let go of the announced address that failed most often; never for one more announced one."""
        if len(self._entries) < MAX_ENTRIES:
            return
        spare = [e for e in self if e.is_announced and not e.was_reached and e.failures]
        if not spare or entry_of("", data).is_announced:
            raise ValueError("the address book is full")
        self.delete(max(spare, key=lambda e: e.failures).address)


def migrated(document: object, now: int) -> tuple[dict[str, Data], int]:
    """What the book makes of a gossip.json of ssb-gossip, and how many of its entries are none.

    As ssb-conn-db's migration; peers of the local network are left out, they are found again.
    """
    found: dict[str, Data] = {}
    unknown = 0
    for old in document if isinstance(document, list) else ():
        address = _address_of(old)
        if address is None:
            unknown += 1
        elif old.get("source") != "local":
            kept = {k: v for k, v in old.items() if k not in ("address", "state") and v is not None}
            found[address] = {"birth": now, **kept}
    return found, unknown


def _address_of(old: object) -> str | None:
    if not isinstance(old, dict):
        return None
    address = old.get("address")
    if isinstance(address, str) and is_multiserver(address):
        return address
    host, port, key = old.get("host"), old.get("port"), old.get("key")
    if not isinstance(host, str) or not isinstance(key, str) or not isinstance(port, int):
        return None
    legacy = LegacyAddress(host, port, key)
    return legacy.multiserver() if legacy.is_valid else None


def _is_sound(address: object, data: object) -> bool:
    return (
        isinstance(address, str)
        and len(address) <= MAX_ADDRESS_CHARACTERS
        and is_multiserver(address)
        and isinstance(data, dict)
        and _size(data) <= MAX_DATA_BYTES
    )


def _size(data: Data) -> int:
    try:
        return len(orjson.dumps(data))
    except orjson.JSONEncodeError:
        return MAX_DATA_BYTES + 1
