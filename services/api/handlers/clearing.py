"""Feeds that go: `friendsPurge.start` and `stop` as in ssb-friends-purge 1.0, `retention.list` as a dry run.

Called by the bus through `actor`.
"""

from common.bus import Call
from common.feed.json import Json, compact_utf8
from services.api.adapters.keeper import Keeper
from services.api.adapters.purge import Purge

__all__ = ["ClearingHandlers"]

AT_ONCE = 500


class ClearingHandlers:
    """The methods."""

    def __init__(self, purge: Purge, keeper: Keeper) -> None:
        self._purge = purge
        self._keeper = keeper

    async def start(self, _: Call) -> None:
        """`friendsPurge.start()`: delete the feeds that are blocked now, and those that will be."""
        self._purge.start()

    async def stop(self, _: Call) -> None:
        """`friendsPurge.stop()`."""
        self._purge.stop()

    async def list(self, call: Call) -> None:
        """`retention.list()`: each feed that is out of reach, and when it would be deleted, the next one first."""
        found = await self._keeper.out_of_reach()
        for start in range(0, len(found), AT_ONCE):
            items: list[Json] = [dict(due._asdict()) for due in found[start : start + AT_ONCE]]
            await call.send([compact_utf8(item) for item in items])
