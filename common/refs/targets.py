"""Where an address leads: the ways to reach a peer that somebody who dials can try, one after the other.

Knows the carriers of multiserver (net, ws, wss, onion) with the secret handshake upon them, and the older
`host:port:key`. Must never know whether anybody is there. IPv6 is taken with and without brackets.
"""

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from common.refs.hosts import is_host
from common.refs.ids import FeedId, is_feed
from common.refs.legacy import from_text
from common.refs.multiserver import Address, decode

__all__ = ["MAX_TARGETS", "Carrier", "Target", "targets"]

Carrier = Literal["net", "ws", "wss", "onion"]

MAX_TARGETS = 4
"""Of one address: net, ws, wss and onion. What a stranger's address names beyond that is not tried."""

MAX_PORT = 65_535
"""That a socket can have; ssb-ref lets 65536 and negative ones pass, which nobody can dial."""

DEFAULT_HOST = "localhost"
DEFAULT_PORTS = {"ws": 80, "wss": 443}

_CARRIERS: dict[str, Carrier] = {"net": "net", "ws": "ws", "wss": "wss", "onion": "onion"}
_PORT = re.compile(r"[0-9]{1,5}")
_ZONE = re.compile(r"(?P<address>[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)%[0-9A-Za-z_.-]{1,15}")  # of IPv6


class Target(NamedTuple):
    """One way to a peer: what to dial, and who must answer there. `path` is of ws and wss alone."""

    carrier: Carrier
    host: str
    port: int
    key: FeedId
    path: str = "/"

    @property
    def place(self) -> str:
        """Host and port as people read them."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def is_hidden(self) -> bool:
        """Whether only the onion network knows the host: its name must be told to no other resolver."""
        return self.carrier == "onion" or self.host.lower().rstrip(".").endswith(".onion")


def targets(text: str) -> tuple[Target, ...]:
    """The ways to the peer that an address names, in its order; those of another key than the first's are left out."""
    if "~" not in text:
        found = _from_text(text)
        return () if found is None else (found,)
    ways = [way for layers in decode(text) or () if (way := _from_layers(layers)) is not None]
    return tuple(way for way in ways if way.key == ways[0].key)[:MAX_TARGETS]


def _from_text(text: str) -> Target | None:
    address = from_text(text)
    if not (address.host and address.is_valid and 0 < address.port <= MAX_PORT):
        return None
    return Target("net", address.host, int(address.port), FeedId(address.key))


def _from_layers(layers: Address) -> Target | None:
    if len(layers) != 2 or layers[1].name != "shs" or not layers[1].data:
        return None
    carrier, key = _CARRIERS.get(layers[0].name), f"@{layers[1].data[0]}.ed25519"
    if carrier is None or not is_feed(key):
        return None
    place = ":".join(layers[0].data)
    if carrier in DEFAULT_PORTS:
        return _from_url(carrier, place if place.startswith("//") else f"//{place}", key)
    host, _, port = place.rpartition(":")
    if _PORT.fullmatch(port) is None:
        return None
    return _checked(carrier, host, int(port), key, "/")


def _from_url(carrier: Carrier, place: str, key: FeedId) -> Target | None:
    try:
        url = urlsplit(f"{carrier}:{place}")
        port = url.port or DEFAULT_PORTS[carrier]
    except ValueError:
        return None
    path = url.path or "/"
    return _checked(
        carrier, url.hostname or "", port, key, f"{path}?{url.query}" if url.query else path
    )


def _checked(carrier: Carrier, host: str, port: int, key: FeedId, path: str) -> Target | None:
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    zone = _ZONE.fullmatch(host)
    if not (is_host(zone["address"] if zone else host or DEFAULT_HOST) and 0 < port <= MAX_PORT):
        return None
    return Target(carrier, host or DEFAULT_HOST, port, key, path)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
