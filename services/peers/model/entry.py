"""One address of a peer and what is known of it, in ssb-conn's names.

Knows JSON that anybody may have written: each reader here takes any value and answers something sensible. Must
never know who is connected.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Literal

from common.refs import FeedId, is_feed
from common.refs.legacy import key_of
from common.refs.multiserver import decode
from common.refs.targets import targets

__all__ = [
    "Data",
    "Entry",
    "Kind",
    "host_and_port",
    "inferred_type",
    "is_loopback",
    "number",
    "whose",
]

Data = dict[str, Any]
Kind = Literal["room", "lan", "pub", "other"]


@dataclass(slots=True)
class Entry:
    """An address in the book or in staging; what follows `is_loopback` (it is this machine) is not saved."""

    address: str
    data: Data
    key: FeedId | None
    is_loopback: bool
    next_dial: int = 0
    wait: int = 0
    flaps: int = 0
    left_alone: bool = False
    error: str | None = None
    client: bool | None = None

    @property
    def kind(self) -> Kind:
        """What sort of peer it is (detectType of ssb-conn, as far as we dial them)."""
        kind, source = self.data.get("type"), self.data.get("source")
        if kind == "room":
            return "room"
        if kind == "lan" or (kind is None and source == "local"):
            return "lan"
        if kind == "pub" or (kind is None and source == "pub"):
            return "pub"
        return "other"

    @property
    def failures(self) -> int:
        """Dials in a row that came to nothing."""
        return int(min(max(number(self.data, "failure"), 0), 1e9))

    @property
    def last_change(self) -> int:
        """When its state changed last; 0 when nothing was tried yet."""
        return int(min(max(number(self.data, "stateChange"), 0), 2**53))

    @property
    def was_reached(self) -> bool:
        """Whether a connection with it ever lasted."""
        duration = self.data.get("duration")
        return isinstance(duration, Mapping) and number(duration, "mean") > 0

    @property
    def is_defunct(self) -> bool:
        """Whether it was given up."""
        return self.data.get("defunct") is True

    @property
    def is_announced(self) -> bool:
        """Whether all we know of it is that somebody said so."""
        return self.data.get("source") == "pub" or self.data.get("type") == "pub"


def entry_of(address: str, data: Data) -> Entry:
    """An entry for an address and its data; both may be anything that is JSON."""
    ways = targets(address)
    here = any(is_loopback(way.host) for way in ways) if ways else is_loopback(_place(address)[0])
    return Entry(address, data, whose(address, data), here)


def whose(address: str, data: Mapping[str, Any]) -> FeedId | None:
    """The key behind an address: the one it names, else the one that its data tell."""
    named = key_of(address)
    if named is not None and is_feed(named):
        return named
    told = data.get("key")
    return FeedId(told) if is_feed(told) else None


def host_and_port(address: str) -> tuple[str, int]:
    """Where an address leads, its first way; empty and 0 where it does not say."""
    ways = targets(address)
    return (ways[0].host, ways[0].port) if ways else _place(address)


def _place(address: str) -> tuple[str, int]:
    """The same of an address that nobody can dial: it names no key, or a protocol that we do not speak."""
    first = (decode(address) or ((),))[0]
    if first and len(first[0].data) > 1:
        *host, port = first[0].data
        return ":".join(host), int(port) if port.isascii() and port.isdigit() else 0
    return "", 0


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return any(one.is_loopback or one.is_unspecified for one in (found, mapped) if one is not None)


def inferred_type(address: str) -> str | None:
    """What ssb-conn-hub guesses of an address without a type."""
    for start in ("bt", "dht", "tunnel"):
        if address.startswith(f"{start}:"):
            return start
    if not address.startswith("net:"):
        return None
    host, _ = host_and_port(address)
    if not host:
        return None
    try:
        near = ip_address(host).is_private
    except ValueError:
        near = host == "localhost"
    return "lan" if near else "internet"


def number(data: Mapping[str, Any], name: str) -> float:
    """A number of the data, 0 where there is none."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return value
