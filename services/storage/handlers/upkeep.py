"""Upkeep of the log while it is in use: is it whole, and is its room given back.

Called by the bus through `actor`; items are in docs/bus.md, section 8.
"""

import asyncio
from typing import Any

from common.bus import Call, CallerError, OurError
from common.feed.json import Json, compact_utf8
from common.refs.ids import feed_id, message_id
from common.store import StoreError
from services.storage.adapters.checker import Checker
from services.storage.adapters.compactor import Compactor
from services.storage.adapters.database import Database
from services.storage.adapters.writer import Writer
from services.storage.chain import LOST, MESSAGE, MISSING, Problem
from services.storage.handlers.log import options_of

__all__ = ["UpkeepHandlers"]

STEP = 2_000
"""Positions between two items of progress."""
FETCHED = (MESSAGE, MISSING, LOST)
"""What peers are asked for after a repair."""


class UpkeepHandlers:
    """The methods around the state of the log."""

    def __init__(
        self, database: Database, writer: Writer, compactor: Compactor, hmac_key: bytes | None
    ) -> None:
        self._database = database
        self._writer = writer
        self._compactor = compactor
        self._hmac_key = hmac_key
        self._checking = asyncio.Lock()

    async def check(self, call: Call) -> None:
        """`log.check`: hold the log against itself, and put right what can be where `repair` says so."""
        repair = options_of(call).get("repair") is True
        if self._checking.locked():
            raise CallerError("the log is being checked already", "refused")
        async with self._checking:
            checker = self._database.checker(self._writer.log, self._hmac_key, repair=repair)
            try:
                await self._check(call, checker)
                if checker.damaged and repair:
                    await self._renew(call)
            except StoreError as error:
                raise OurError(str(error)) from error

    async def _check(self, call: Call, checker: Checker) -> None:
        told = -1
        async for position in checker.run():
            items, checker.told = [_shown(one) for one in checker.told], []
            if position - told >= STEP or told < position == checker.end:
                told = position
                items.append({"checked": position, "of": checker.end})
            if items:
                await call.send([compact_utf8(item) for item in items])
        if checker.told:
            await call.send([compact_utf8(_shown(one)) for one in checker.told])

    async def _renew(self, call: Call) -> None:
        """Nothing that was damaged is in use any more: a compaction would fail at it, and with it all writing."""
        async for position in self._database.renew(self._writer.log):
            if position % STEP == 0 or position == self._writer.log.position:
                item: Json = {"renewed": position, "of": self._writer.log.position}
                await call.send([compact_utf8(item)])

    async def compact(self, call: Call) -> None:
        """`log.compact`: give back the room of what was deleted and overwritten."""
        before = self._database.size()
        parts = self._database.parts(self._writer.log.position)
        for done, part in enumerate(parts, 1):
            try:
                await self._compactor.compact(*part)
            except StoreError as error:
                raise OurError(str(error)) from error
            await call.send([compact_utf8({"compacted": done, "of": len(parts)})])
        await call.send([compact_utf8({"before": before, "after": self._database.size()})])


def _shown(problem: Problem) -> dict[str, Any]:
    kind, position, why, place, mended = problem
    shown: dict[str, Any] = {"problem": kind, "position": position, "why": why}
    if place is not None:
        about = {"id": message_id(place.key), "feed": feed_id(place.author)}
        shown |= {**about, "sequence": place.sequence}
    return {**shown, "mended": mended, "fetch": mended and kind in FETCHED and place is not None}
