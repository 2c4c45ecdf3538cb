"""The addresses we give out.

Knows multiserver's notation and scopes as far as we listen (net, ws, and unix for local clients). Must never know
interfaces or sockets: what is listened on comes as an argument.
"""

import re
from dataclasses import dataclass

__all__ = ["Listening", "Place", "announce"]

DEFAULT_SCOPE = "device"
"""What multiserver takes when no scope is asked for."""

USUAL_PORTS = {"ws": 80, "wss": 443}

_ZONE = re.compile(
    r"%\w+$"
)  # of a link-local IPv6 address: it means something on this machine alone


@dataclass(frozen=True, slots=True)
class Place:
    """A host and port we listen on; `external` are the names it has for the world (scope public)."""

    host: str
    port: int
    scope: tuple[str, ...]
    external: tuple[str, ...] = ()
    carrier: str = "net"


@dataclass(frozen=True, slots=True)
class Listening:
    """All places we listen on. `key` is the public key in base64, `socket` the path of the unix socket."""

    key: str
    places: tuple[Place, ...] = ()
    socket: str | None = None


def announce(listening: Listening, scope: object = None) -> str | None:
    """The addresses of a scope, `;`-joined, in the order in which we listen, then unix; None for none."""
    scope = scope or DEFAULT_SCOPE
    found = [
        f"{_escaped(_place(place.carrier, host, place.port))}~shs:{listening.key}"
        for place in listening.places
        if scope in place.scope
        for host in ((scope == "public" and place.external) or (place.host,))
    ]
    if listening.socket is not None and scope == DEFAULT_SCOPE:
        found.append(f"unix:{_escaped(listening.socket)}~noauth")
    return ";".join(found) or None


def _place(carrier: str, host: str, port: int) -> str:
    """As multiserver writes it: net without brackets or zone, ws as a URL without the port that goes without saying."""
    host = _ZONE.sub("", host)
    if carrier == "net":
        return f"net:{host}:{port}"
    name = f"[{host}]" if ":" in host else host
    return f"{carrier}://{name}" + ("" if port == USUAL_PORTS[carrier] else f":{port}")


def _escaped(part: str) -> str:
    return part.replace("!", "!!").replace("~", "!~")
