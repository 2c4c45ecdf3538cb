"""`private.publish`: content for some, in a box, or in an envelope where it is for groups or post boxes.

Knows the method as ssb-private 1.1 has it. Called by the bus through `actor`.
"""

from collections.abc import Callable
from typing import Any

from common.bus import Call, CallerError, Node
from common.crypto.private_box import ENTROPY_BYTES, Randomness
from common.feed import private
from common.feed.groups import is_sealed_for
from common.refs import is_feed
from services.api.handlers.tribes import TribeHandlers

__all__ = ["PrivateHandlers"]

REFUSED = "failed to encrypt"


class PrivateHandlers:
    """The method; `entropy` draws random bytes."""

    def __init__(self, node: Node, tribes: TribeHandlers, entropy: Callable[[int], bytes]) -> None:
        self._node = node
        self._tribes = tribes
        self._entropy = entropy

    async def publish(self, call: Call) -> Any:
        """`private.publish(content, recps)`: the content says nothing of the recipients unless its author had it so."""
        content, recipients = [*call.args, None, None][:2]
        if not isinstance(recipients, list):
            raise CallerError(REFUSED)
        if isinstance(content, dict) and any(map(is_sealed_for, recipients)):
            return await self._tribes.seal(call, content | {"recps": recipients})
        if not all(map(is_feed, recipients)):
            raise CallerError(REFUSED)
        randomness = Randomness.cut(self._entropy(ENTROPY_BYTES))
        try:
            boxed = private.box(content, recipients, randomness)
        except ValueError as error:
            raise CallerError(REFUSED) from error
        return (await self._node.call("storage", "publish", boxed, caller=call.caller)).json()
