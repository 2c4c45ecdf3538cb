"""Where the suite will listen, settled before it starts: the workers of `network` all bind the same ports.

Knows addresses and ports of settings. Must never know who listens. Called by `start`. Sockets that share a port
say so (SO_REUSEPORT), and any server of the same user that says so too could take part of our connections without
an error on either side: so the ports are bound once without it, to see that nobody else is there.
"""

import socket
from contextlib import ExitStack
from typing import Any

from common.runtime import settings
from common.runtime.errors import StartError

TRANSPORTS = ("net", "ws")


def settle(loaded: settings.Settings) -> settings.Settings:
    """Give the settings with a port that is free in the place of each 0, where there are several workers.

    Raises:
        StartError: a port is taken, or an address is not ours.
    """
    if len(loaded.workers("network")) == 1:
        return loaded
    incoming: dict[str, Any] = {
        name: [_entry(place) for place in places]
        for name, places in loaded.connections_incoming.items()
    }
    for transport in TRANSPORTS:
        _choose(incoming.get(transport, []))
    connections = {**loaded.document.get("connections", {}), "incoming": incoming}
    return settings.from_document({**loaded.document, "connections": connections})


def _entry(place: settings.Incoming) -> dict[str, Any]:
    shown = {name: getattr(place, name) for name in place.__struct_fields__}
    return {**shown, "scope": list(place.scope), "external": list(place.external)}


def _choose(places: list[dict[str, Any]]) -> None:
    """Bind every place once, all at a time; those with port 0 get the one that the first of them got."""
    chosen = 0
    with ExitStack() as sockets:
        for place in places:
            place["port"] = place["port"] or chosen
            try:
                for family, _, _, _, address in _resolve(place["host"], place["port"]):
                    held = sockets.enter_context(socket.socket(family))
                    _bind(held, (address[0], place["port"], *address[2:]))
                    place["port"] = held.getsockname()[1]
            except OSError as error:
                where = f"{place['host']}:{place['port']}"
                raise StartError(f"cannot listen on {where}: {error.strerror or error}") from error
            chosen = chosen or place["port"]


def _resolve(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)


def _bind(held: socket.socket, address: tuple[Any, ...]) -> None:
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if held.family == socket.AF_INET6:
        held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    held.bind(address)
