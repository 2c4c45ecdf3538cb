"""Feeds that have been out of reach for long are deleted, where the settings say so.

Knows the file in which the times are kept, and when to look again; which feeds they are decides `retention`. Run by the
composition; the handlers ask for what would go.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from common.bus import BusError
from common.refs import FeedId
from services.api.adapters.clearing import Clearing
from services.api.retention import Due, Memory, look
from services.api.settings import Retention

__all__ = ["FILE", "Keeper"]

LOGGER: Final = logging.getLogger("api")
FILE: Final = Path("scuttlebot", "retention.json")
RETRY_SECONDS: Final = 5.0


class Keeper:
    """The times of one data folder; `now` is in milliseconds since 1970."""

    def __init__(  # noqa: PLR0917  what it asks, the rules, and where it keeps what
        self,
        clearing: Clearing,
        rules: Retention,
        own: FeedId,
        max_hops: float,
        data: Path,
        now: Callable[[], float],
    ) -> None:
        self._clearing = clearing
        self._rules = rules
        self._own = own
        self._most = max_hops if rules.hops < 0 else rules.hops
        self._path = data / FILE
        self._now = now
        self._memory = _read(self._path)

    async def run(self) -> None:
        """Look and delete, again and again; nothing where the settings do not say after how many days."""
        while self._rules.days > 0:
            pause = self._rules.every / 1000
            try:
                await self._clear()
            except BusError as error:
                LOGGER.info("what is out of reach is looked at again: %s", error)
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    async def out_of_reach(self) -> list[Due]:
        """The feeds that are out of reach, and when each may go; deletes nothing.

        Raises: BusError.
        """
        heads, hops = await self._clearing.heads(), await self._clearing.hops()
        spared = {self._own, *await self._clearing.requested()}
        rules = {"most": self._most, "days": self._rules.days}
        return look(self._memory, heads, hops, spared, now=self._now(), **rules)

    async def _clear(self) -> None:
        for due in await self.out_of_reach():
            if due.at <= self._now():
                n = await self._clearing.delete(due.feed)
                self._memory.deleted[due.feed] = due.messages
                self._memory.since.pop(due.feed, None)
                LOGGER.info("%s is out of reach: %d messages were deleted", due.feed, n)
        self._write()

    def _write(self) -> None:
        fresh = self._path.with_name(self._path.name + "~")
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(self._memory))
            fresh.replace(self._path)
        except OSError as error:
            LOGGER.warning("%s: %s", self._path, error.strerror)


def _read(path: Path) -> Memory:
    """What was kept; where it is damaged all times begin anew, which deletes later and not earlier."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except FileNotFoundError:
        return Memory()
    except (OSError, msgspec.DecodeError) as error:
        LOGGER.warning("%s: %s: all feeds are out of reach since now", path, error)
        return Memory()
