"""`deviceAddress.announce` and its help; what feeds announced is answered by indexing.

Knows whom to ask: `indexing` what is announced already, `network` for our address, `storage` to publish. Called by the bus
through `actor`.
"""

from typing import Any

from common.bus import Call, Node
from services.api import announcing

__all__ = ["AddressHandlers"]


class AddressHandlers:
    """The methods."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def announce(self, call: Call) -> bytes:
        """`deviceAddress.announce({address or scope, availability, recps})`: the message published, or what stands already."""
        options = announcing.asked(call.args)
        current = await self._node.call("indexing", "deviceAddress.getAddress")
        if announcing.is_known(options, current.json()):
            return current.bodies[0]
        if announcing.needs_address(options):
            address = await self._node.call("network", "address", options["scope"])
            options = {**options, "address": address.json()}
        content = announcing.announcement(options)
        return (await self._node.call("storage", "publish", content, caller=call.caller)).bodies[0]

    async def help(self, _: Call) -> dict[str, Any]:
        """`deviceAddress.help()`."""
        return announcing.HELP
