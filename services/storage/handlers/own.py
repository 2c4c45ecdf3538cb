"""Our own feed, for `replication`: whether it is locked, and how far peers have it (docs/bus.md, section 8).

Decides nothing: the guard does. Called by the bus through `actor`.
"""

from typing import Final

from common.bus import Call, CallerError
from common.feed.json import compact_utf8
from common.refs.ids import is_feed
from services.storage.adapters.own_feed import OwnFeed

__all__ = ["OwnHandlers"]

MAX_SEQUENCE: Final = 2**53


class OwnHandlers:
    """The methods around the lock of our own feed."""

    def __init__(self, own_feed: OwnFeed) -> None:
        self._own_feed = own_feed

    async def seen(self, call: Call) -> None:
        """Take what a peer said: how far it has our feed."""
        told = call.args[0] if call.args else None
        told = told if isinstance(told, dict) else {}
        peer, sequence = told.get("peer"), told.get("sequence")
        if not is_feed(peer) or type(sequence) is not int or not 0 <= sequence < MAX_SEQUENCE:
            raise CallerError("expected {peer: feed, sequence: whole number}")
        self._own_feed.seen(peer, sequence)

    async def locked(self, call: Call) -> None:
        """Tell whether publishing is locked and why: now, and whenever that changes."""
        async for why in self._own_feed.locks():
            await call.send([compact_utf8({"locked": why is not None, "why": why})])
