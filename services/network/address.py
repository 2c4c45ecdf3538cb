"""Addresses: those we give out, and where an address that we are given leads.

Knows multiserver's notation and scopes as far as we listen and dial (net, and unix for local clients). Must
never know interfaces or sockets: what is listened on comes as an argument.
"""

from dataclasses import dataclass

from common.refs import FeedId, raw
from common.refs.legacy import LegacyAddress, from_multiserver, from_text
from common.refs.multiserver import decode, encode

__all__ = ["Listening", "Place", "Target", "announce", "target"]

MAX_PORT = 65_535
"""That a socket can have; ssb-ref lets 65536 and negative ones pass, which nobody can dial."""
DEFAULT_SCOPE = "device"
"""What multiserver takes when no scope is asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host and port we listen on; `external` are the names it has for the world (scope public)."""

    host: str
    port: int
    scope: tuple[str, ...]
    external: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listening:
    """All places we listen on. `key` is the public key in base64, `socket` the path of the unix socket."""

    key: str
    places: tuple[Place, ...] = ()
    socket: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where to dial, and the key (32 bytes) that must answer there."""

    host: str
    port: int
    public: bytes


def announce(listening: Listening, scope: object = None) -> str | None:
    """The addresses of a scope, `;`-joined, in the order of the reference (net, then unix); None for none."""
    scope = scope or DEFAULT_SCOPE
    found = [
        f"net:{_escaped(host)}:{place.port}~shs:{listening.key}"
        for place in listening.places
        if scope in place.scope
        for host in ((scope == "public" and place.external) or (place.host,))
    ]
    if listening.socket is not None and scope == DEFAULT_SCOPE:
        found.append(f"unix:{_escaped(listening.socket)}~noauth")
    return ";".join(found) or None


def target(text: str) -> Target | None:
    """Where an address leads: the first alternative over `net`, or `host:port:key`; None if there is none."""
    if "~" not in text:
        return _checked(from_text(text))
    for layers in decode(text) or ():
        if layers[0].name == "net":
            found = from_multiserver(encode([layers]))
            if found is not None:
                return _checked(found)
    return None


def _checked(address: LegacyAddress) -> Target | None:
    if not (address.is_valid and 0 < address.port <= MAX_PORT):
        return None
    return Target(address.host or "localhost", int(address.port), raw(FeedId(address.key)))


def _escaped(part: str) -> str:
    return part.replace("!", "!!").replace("~", "!~")
