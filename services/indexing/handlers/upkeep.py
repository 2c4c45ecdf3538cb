"""How the views are: health, waiting for a position, building anew, and whether they are what the log gives.

Knows the fold, search and who does it; the check itself is in `adapters/check.py`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from common.bus import Call, CallerError, OurError
from common.feed.javascript import text_of
from common.runtime.threads import in_thread
from common.store import StoreError
from services.indexing.adapters.builder import Builder
from services.indexing.adapters.check import check
from services.indexing.adapters.follower import Follower
from services.indexing.adapters.log import Log
from services.indexing.adapters.search import NAME, Search
from services.indexing.model.index import Index

__all__ = ["UpkeepHandlers"]


class UpkeepHandlers:
    """The methods, over the index and who folds the log into it."""

    def __init__(
        self, index: Index, log: Log, follower: Follower, builder: Builder, search: Search
    ) -> None:
        self._index = index
        self._log = log
        self._follower = follower
        self._builder = builder
        self._search = search

    async def health(self, _: Call) -> object:
        """Whether it answers, how far the views are, and what is built."""
        trouble = self._follower.trouble or self._search.trouble
        state = {
            "state": "disk full" if trouble else "ok",
            **({"why": trouble} if trouble else {}),
            "position": self._index.position,
            "views": self._positions(),
            "building": self._index.building() | self._search.building(),
        }
        return {"service": "indexing", "ready": True, "state": state}

    async def wait(self, call: Call) -> object:
        """`views.wait({position})`: answers when all views have seen a position; by default the log's last one."""
        given = _options(call).get("position")
        if given is None:
            given = await self._log.end()
        if type(given) is not int or given < 0:
            raise CallerError("position must be a whole number")
        await self._follower.wait_for(given)
        await self._search.wait_for(given)
        return {"position": self._index.position}

    async def rebuild(self, call: Call) -> object:
        """`rebuild(view?)`: fold a view, or all, from the first message, beside what answers; true when done.

        An object instead is that of options which a command line adds, and names none.
        """
        known, name = self._positions(), call.args[0] if call.args else None
        if isinstance(name, dict):
            name = None
        if name is not None and (not isinstance(name, str) or name not in known):
            named, all_of_them = text_of(name), ", ".join(sorted(known))
            raise CallerError(f"no view is called {named}: there are {all_of_them}")
        asked = set(known) if name is None else {name}
        folded = asked - {NAME}
        for one in sorted(folded):
            self._index.build(one)
        self._builder.ask()
        await self._follower.until(lambda: not self._index.building().keys() & folded)
        if NAME in asked:
            await self._search.rebuild()
        return True

    async def check(self, call: Call) -> None:
        """`views.check`: whether the rows of each view are what the log gives, with progress.

        Items are `{"checked": position, "of": position}`, and in the end one `{"view", "ok"}` for each view.
        """
        async for told in check(self._index, self._log):
            await call.send([orjson.dumps(told)])
        await call.send([orjson.dumps({"view": NAME, "ok": await self._search.check()})])

    def _positions(self) -> dict[str, int]:
        return self._index.positions() | {NAME: self._search.position}

    async def compact(self, call: Call) -> None:
        """`views.compact`: give back the room of rows that were removed, with progress, and bytes in the end."""
        before, parts = self._index.size(), self._index.parts()
        for done, part in enumerate(parts, 1):
            try:
                await in_thread(partial(self._index.compact, *part))
            except StoreError as error:
                raise OurError(str(error)) from error
            await call.send([orjson.dumps({"compacted": done, "of": len(parts)})])
        await call.send([orjson.dumps({"before": before, "after": self._index.size()})])


def _options(call: Call) -> Mapping[str, Any]:
    return call.args[0] if call.args and isinstance(call.args[0], dict) else {}
