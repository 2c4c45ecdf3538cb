"""What each service of a running suite offers, as it says itself on the bus."""

from collections.abc import Mapping
from typing import NamedTuple

from common.bus import Node
from services.network.actor import SERVICES
from services.network.adapters.switch import OWN
from tests.support.servers import OurServer

__all__ = ["Offered", "flat", "offers"]

LIMIT_S = 30


class Offered(NamedTuple):
    """A method for clients: who answers first, its muxrpc type, and who may call it besides the master."""

    service: str
    type: str
    roles: tuple[str, ...]


async def offers(server: OurServer) -> dict[str, Offered]:
    """All methods that clients see, by name."""
    names = (OWN, *SERVICES)
    found: dict[str, Offered] = {}

    def endpoint(name: str) -> str:
        return f"ipc://{server.folder / 'run' / name}"

    async with Node("who-asks", endpoint, calls=names) as node:
        for name in names:
            await node.wait_up(name, LIMIT_S)
            for method, (kind, roles, visible, _) in node.manifest(name).items():
                if visible and method not in found:
                    found[method] = Offered(name, kind, tuple(roles))
    return found


def flat(tree: Mapping[str, object], path: str = "") -> dict[str, str]:
    """The methods of a manifest with their types, by dotted name; groups without methods are left out."""
    found: dict[str, str] = {}
    for name, kind in tree.items():
        if isinstance(kind, dict):
            found |= flat(kind, f"{path}{name}.")
        else:
            found[path + name] = str(kind)
    return found
