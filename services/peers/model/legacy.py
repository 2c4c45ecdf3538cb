"""The pools as ssb-gossip showed them: one object for each peer, by key.

Knows ssb-gossip's names. Must never know what is decided. Used by the methods `gossip.*` and by `status`.
"""

from typing import Any

from common.refs import FeedId
from services.peers.model.entry import Data, Entry, host_and_port
from services.peers.model.hub import Contact
from services.peers.model.pools import Change, Pools

__all__ = ["change", "peer", "peers", "summary"]

OUR_OWN = ("birth", "failingSince", "defunct", "autoconnect", "inferredType", "announcedBy")
"""What is known beside the members of ssb-gossip, and that it did not show."""


def peers(pools: Pools) -> list[Data]:
    """Everybody in the book, each once."""
    return [shown for key in pools.book.peers() if (shown := peer(pools, key)) is not None]


def peer(pools: Pools, key: str) -> Data | None:
    """One peer of the book by its key: under the address that is in contact, or the first."""
    entries = pools.book.of_key(key)
    if not entries:
        return None
    contact = pools.hub.with_key(key)
    entry = next((e for e in entries if contact and e.address == contact.address), entries[0])
    return _shown(entry, contact)


def change(pools: Pools, what: Change) -> Data | None:
    """An item of `gossip.changes`; None for what ssb-gossip did not tell."""
    key = what.entry.key
    if what.kind == "other" or key is None:
        return None
    contact = pools.hub.with_key(key)
    item: Data = {"type": what.kind, "peer": _shown(what.entry, contact)}
    if what.kind == "discover":
        item["source"] = what.entry.data.get("source") or "manual"
    return item


def summary(pools: Pools) -> dict[FeedId, Data]:
    """What `status` tells of peers that are connected."""
    return {c.key: _simple(pools, c) for c in pools.hub if c.key and c.state == "connected"}


def _shown(entry: Entry, contact: Contact | None) -> Data:
    host, port = host_and_port(entry.address)
    data = {name: value for name, value in entry.data.items() if name not in OUR_OWN}
    shown: dict[str, Any] = {
        **data,
        "host": entry.data.get("host") or host,
        "port": entry.data.get("port") or port,
        "key": entry.key,
        "address": entry.address,
        "source": entry.data.get("source"),
        "announcers": entry.data.get("announcers") or 1,
        "duration": entry.data.get("duration"),
        "error": entry.error,
        "client": entry.client,
        "ping": entry.data.get("ping"),
    }
    if contact is not None:
        shown["state"] = contact.state
        if contact.ping is not None:
            shown["ping"] = {"rtt": contact.ping.rtt.json(), "skew": contact.ping.skew.json()}
    return {k: v for k, v in shown.items() if v is not None or k == "duration"}


def _simple(pools: Pools, contact: Contact) -> Data:
    entry = pools.entry(contact.address)
    data = entry.data if entry else {}
    ping = contact.ping
    return {
        "address": contact.address,
        "source": data.get("source"),
        "state": contact.state,
        "stateChange": contact.since,
        "failure": entry.failures if entry else 0,
        "client": contact.dialled,
        "stats": {
            "duration": data.get("duration"),
            "rtt": ping.rtt.json() if ping else None,
            "skew": ping.skew.json() if ping else None,
        },
    }
