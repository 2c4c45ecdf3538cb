"""Upkeep of all that is kept: `fsck` checks and mends it, `compact` gives room back; both while the server runs.

Knows who keeps what: storage the log, indexing the views, peers what was damaged here. Called by the bus through `actor`.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from common.bus import BusError, Call, Node
from common.feed.json import Json, compact_utf8
from common.refs import MessageId
from services.api.handlers.messages import MessageHandlers
from services.api.wanted import Wanted

__all__ = ["UpkeepHandlers"]

AT_ONCE = 8
"""Messages that peers are asked for at a time."""
MAX_RANGE = 1_000
"""Messages of one `ooo.range` (docs/bus.md, section 8)."""
NO_DEADLINE = 0
PARTS = (("log", "storage", "log"), ("views", "indexing", "views"))
"""Name of a part, its service, and how its methods begin."""


class _Lost(NamedTuple):
    """A message whose text is to come from peers."""

    feed: str
    sequence: int
    id: MessageId


class _Found:
    """What a check found."""

    def __init__(self) -> None:
        self.problems = 0
        self.mended = 0
        self.fetch: list[_Lost] = []

    def take(self, item: dict[str, Any]) -> None:
        """An item of `log.check`."""
        if "problem" not in item:
            return
        self.problems += 1
        if item.pop("fetch"):
            self.fetch.append(_Lost(item["feed"], item["sequence"], item["id"]))
            item["mended"] = False
        elif item["mended"]:
            self.mended += 1

    def ranges(self) -> list[dict[str, Any]]:
        """The messages that peers are asked for as runs of sequences of one feed."""
        found: list[dict[str, Any]] = []
        for feed, sequence, _ in sorted(self.fetch):
            last = found[-1] if found else None
            goes_on = last is not None and (last["id"], last["upto"]) == (feed, sequence - 1)
            if last is not None and goes_on and sequence - last["from"] < MAX_RANGE:
                last["upto"] = sequence
            else:
                found.append({"id": feed, "from": sequence, "upto": sequence})
        return found


class UpkeepHandlers:
    """The methods."""

    def __init__(
        self, node: Node, messages: MessageHandlers, workers: Sequence[str], fetch_ms: float
    ) -> None:
        self._node = node
        self._messages = messages
        self._workers = workers
        self._fetch_ms = fetch_ms

    async def fsck(self, call: Call) -> None:
        """`fsck({repair})`: progress and problems of log and views, and in the end whether all is well."""
        options = call.args[0] if call.args and isinstance(call.args[0], dict) else {}
        repair, found = options.get("repair") is True, _Found()
        async with self._node.source("storage", "log.check", {"repair": repair}) as stream:
            async for batch in stream:
                items = [item for item in batch.json() if isinstance(item, dict)]
                for item in items:
                    found.take(item)
                await _send(call, "log", items)
        if found.fetch:
            await self._fetch(call, found)
        try:
            await self._check_views(call, found, repair=repair)
        except BusError as error:
            found.problems += 1
            await _send(call, "views", [{"problem": "unchecked", "why": error.message}])
        left = found.problems - found.mended
        told: Json = {"ok": not left, "problems": found.problems, "mended": found.mended}
        await call.send([compact_utf8(told)])

    async def compact(self, call: Call) -> None:
        """`compact()`: progress and bytes before and after, of the log and of the views."""
        for part, service, prefix in PARTS:
            async with self._node.source(service, f"{prefix}.compact", {}) as stream:
                async for batch in stream:
                    await _send(call, part, batch.json())

    async def _fetch(self, call: Call, found: _Found) -> None:
        """Ask peers for the texts that were damaged here; storage puts them in their places.

        Runs of a feed are asked of its history, which every peer gives; then what is left by ids, which not all know.
        """
        for wanted in found.ranges():
            for worker in self._workers:
                with suppress(BusError):
                    asked_all = await self._node.call(
                        worker, "ooo.range", wanted, deadline_ms=NO_DEADLINE
                    )
                    if asked_all.json() is True:
                        break
        waiting = iter(found.fetch)
        asked = fetched = 0

        async def work() -> None:
            nonlocal asked, fetched
            for lost in waiting:
                came = await self._messages.ask(Wanted(lost.id, self._fetch_ms), patient=False)
                asked, fetched = asked + 1, fetched + came
                found.mended += came
                item = {"fetched": fetched, "asked": asked, "of": len(found.fetch)}
                await _send(call, "peers", [item])

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(work())

    async def _check_views(self, call: Call, found: _Found, *, repair: bool) -> None:
        wrong = []
        async with self._node.source("indexing", "views.check", {}) as stream:
            async for batch in stream:
                items = batch.json()
                wrong += [item["view"] for item in items if item.get("ok") is False]
                await _send(call, "views", items)
        found.problems += len(wrong)
        for view in wrong if repair else ():
            await self._node.call("indexing", "rebuild", view, deadline_ms=NO_DEADLINE)
            found.mended += 1
            await _send(call, "views", [{"view": view, "rebuilt": True}])


async def _send(call: Call, part: str, items: list[Any]) -> None:
    if items:
        await call.send([compact_utf8({"part": part, **item}) for item in items])
