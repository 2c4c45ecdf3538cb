"""`friends.follow` and `friends.block`: contact messages, published.

Knows the bus method `publish` of storage. Called by the bus through `actor`.
"""

from typing import Any

from common.bus import Call, Node
from services.api import contact


class FriendHandlers:
    """The methods."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def follow(self, call: Call) -> bytes:
        """`friends.follow(id, {state, recps})`: publish that we follow a feed, or no longer do."""
        return await self._publish(call, contact.follow(call.args))

    async def block(self, call: Call) -> bytes:
        """`friends.block(id, {state, reason, recps})`: publish that we block a feed, or no longer do."""
        return await self._publish(call, contact.block(call.args))

    async def _publish(self, call: Call, content: dict[str, Any]) -> bytes:
        reply = await self._node.call("storage", "publish", content, caller=call.caller)
        return reply.bodies[0]
