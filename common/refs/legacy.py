"""Addresses in the older form of host, port and key, and their way to and from multiserver ones.

Behaves as ssb-ref 2.16.0, its leniency included. Knows the few protocols that carry Scuttlebutt.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from common.refs.hosts import is_host, is_port, number
from common.refs.ids import FeedId, is_feed
from common.refs.multiserver import Protocol, decode, is_multiserver

DEFAULT_PORT = 8008
DEFAULT_HOST = "localhost"

_CARRIERS = ("net", "ws", "wss", "onion")
_KEY_END = 45  # of the base64 in an id
_WEBSOCKETS = ("ws", "wss")
# Some layer upon another: a `~` after anything but a `!`.
_LAYERED = re.compile(r"[^!]~")


@dataclass(frozen=True, slots=True)
class LegacyAddress:
    """Where a peer is and who it must be; host and key of unchecked text may be anything."""

    host: str
    port: float  # NaN where the text had no number
    key: str
    seed: str | None = None  # of an invite

    @property
    def is_valid(self) -> bool:
        """Whether host, port and key each have their form (isLegacyAddress)."""
        return is_host(self.host) and is_port(self.port) and is_feed(self.key)

    def multiserver(self) -> str:
        """The multiserver address for the same; a seed is left out (toMultiServerAddress).

        Raises:
            ValueError: host, port or key isn't valid.
        """
        if not self.is_valid:
            raise ValueError(f"not an address: {self}")
        carrier = "onion:" if self.host.endswith(".onion") else "net:"
        if self.host.startswith(("ws:", "wss:")):
            carrier = ""
        return f"{carrier}{self.host}:{int(self.port)}~shs:{self.key[1:_KEY_END]}"


def is_address(text: str) -> bool:
    """Whether a text is `host:port:key` or a multiserver address of at least two layers."""
    if is_multiserver(text) and _LAYERED.search(text):
        return True
    host, port, key = _three(text)
    return port is not None and is_feed(key) and is_port(number(port)) and is_host(host)


def is_address_object(fields: Mapping[str, object]) -> bool:
    """Whether an object has a host, a port (a number or its text) and the id of a feed as key."""
    port = fields.get("port")
    return (
        is_feed(fields.get("key"))
        and is_port(number(port) if isinstance(port, str) else port)
        and is_host(fields.get("host"))
    )


def from_multiserver(text: str) -> LegacyAddress | None:
    """The first alternative that we can dial: a known carrier with shs upon it (toLegacyAddress)."""
    for layers in decode(text) or ():
        if len(layers) > 1 and layers[0].name in _CARRIERS and layers[1].name.startswith("shs"):
            return _legacy(layers[0], layers[1])
    return None


def parse_address(text: str) -> LegacyAddress | None:
    """The parts of an address of either form; those of `host:port:key` are not checked (parseAddress)."""
    return from_multiserver(text) if "~" in text else from_text(text)


def from_text(text: str) -> LegacyAddress:
    """The unchecked parts of `host:port:key`; without a port it is 8008."""
    host, port, key = _three(text)
    return LegacyAddress(host, number(port) if port else DEFAULT_PORT, key)


def key_of(text: str) -> FeedId | None:
    """Whom the first shs layer of a multiserver address names (getKeyFromAddress), None when nobody."""
    for layers in decode(text) or ():
        for protocol in layers:
            if protocol.name.startswith("shs"):
                return FeedId(f"@{protocol.data[0] if protocol.data else 'undefined'}.ed25519")
    return None


def _legacy(carrier: Protocol, upper: Protocol) -> LegacyAddress | None:
    if not carrier.data or not upper.data:
        return None
    *host, port = carrier.data
    name = ":".join(host)
    if carrier.name in _WEBSOCKETS:
        name = f"{carrier.name}:{name}"
    seed = upper.data[2] if len(upper.data) > 2 and upper.data[2] else None
    address = LegacyAddress(name, number(port), f"@{upper.data[0]}.ed25519", seed)
    return address if address.is_valid else None


def _three(text: str) -> tuple[str, str | None, str]:
    """Host, port and key; the port is None when there is no colon."""
    rest, colon, key = text.rpartition(":")
    if not colon:
        return "", None, key
    host, _, port = rest.rpartition(":")
    return host, port, key
