"""The addresses we give out.

Knows multiserver's notation and scopes as far as we listen (net, ws, and unix for local clients). Must never know
interfaces or sockets: what is listened on comes as an argument.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.bus import CallerError
from common.refs.multiserver import decode

__all__ = ["Listening", "Place", "announce", "layers"]

DEFAULT_SCOPE = "device"
"""What multiserver takes when no scope is asked for."""

USUAL_PORTS = {"ws": 80, "wss": 443}

WILDCARDS = {"": None, "0.0.0.0": "IPv4", "::": "IPv6"}  # noqa: S104  told apart, not bound
"""Hosts that mean every address of the machine, and of which kind."""

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


def _nowhere(scope: str) -> Sequence[str]:
    del scope
    return ()


@dataclass(frozen=True, slots=True)
class Listening:
    """All places we listen on. `key` is the public key in base64, `socket` the path of the unix socket."""

    key: str
    places: tuple[Place, ...] = ()
    socket: str | None = None


def announce(
    listening: Listening, scope: object = None, machine: Callable[[str], Sequence[str]] = _nowhere
) -> str | None:
    """The addresses of a scope, `;`-joined, in the order in which we listen, then unix; None for none.

    `machine` tells the IP addresses of this machine in a scope: where we listen on all of them, those are given out,
    for nobody can dial `0.0.0.0`. The reference does give that out.
    """
    scope = str(scope or DEFAULT_SCOPE)
    found = [
        f"{_escaped(_place(place.carrier, host, place.port))}~shs:{listening.key}"
        for place in listening.places
        if scope in place.scope
        for host in _hosts(place, scope, machine)
    ]
    if listening.socket is not None and scope == DEFAULT_SCOPE:
        found.append(f"unix:{_escaped(listening.socket)}~noauth")
    return ";".join(found) or None


def layers(text: object) -> list[list[dict[str, object]]]:
    """The alternatives of a multiserver address, each a list of layers `{name, data}`.

    The reference's `multiserver.parse` gives functions, which reach nobody as more than null.

    Raises:
        CallerError: it is no text, or no such address.
    """
    found = decode(text) if isinstance(text, str) else None
    if found is None:
        raise CallerError("a multiserver address is wanted")
    return [[{"name": one.name, "data": list(one.data)} for one in part] for part in found]


def _hosts(place: Place, scope: str, machine: Callable[[str], Sequence[str]]) -> Sequence[str]:
    if scope == "public" and place.external:
        return place.external
    if place.host not in WILDCARDS:
        return (place.host,)
    kind = WILDCARDS[place.host]
    return [host for host in machine(scope) if kind is None or (":" in host) == (kind == "IPv6")]


def _place(carrier: str, host: str, port: int) -> str:
    """As multiserver writes it: net without brackets or zone, ws as a URL without the port that goes without saying."""
    host = _ZONE.sub("", host)
    if carrier == "net":
        return f"net:{host}:{port}"
    name = f"[{host}]" if ":" in host else host
    return f"{carrier}://{name}" + ("" if port == USUAL_PORTS[carrier] else f":{port}")


def _escaped(part: str) -> str:
    return part.replace("!", "!!").replace("~", "!~")
