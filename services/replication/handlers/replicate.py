"""The methods of ssb-replicate: what clients ask to be replicated, and what they are told of it.

Knows arguments and answers; decides nothing of replication itself. The table in `actor` names them.
"""

from typing import Any, Final

import orjson

from common.bus import Call
from services.replication import arguments
from services.replication.backlog import Backlog
from services.replication.handlers.beginning import Beginning
from services.replication.model import Change, Wishes
from services.replication.requests import Asked, BlockAsked, FeedAsked, item_of

AT_ONCE: Final = 1_000
"""Items of one bus message, which takes 1,024."""
SYNC: Final = b'{"sync":true}'


class ReplicateHandlers:
    """The methods `replicate.*`, and `requests.read` for other workers."""

    def __init__(self, beginning: Beginning, wishes: Wishes) -> None:
        self._beginning = beginning
        self._wishes = wishes

    async def request(self, call: Call) -> None:
        """`replicate.request`: replicate a feed from now on, or no longer."""
        asked = arguments.replicate_request(call.args)
        if asked is not None:
            self._wishes.ask(asked)

    async def upto(self, call: Call) -> None:
        """`replicate.upto`: every feed that is replicated and how far it is here; with `live` what changes."""
        parts = await self._beginning.ready()
        clock, backlog = parts.hub.clock, Backlog()

        def changed(change: Change) -> None:
            for feed in change.added:
                backlog.put(feed, {"id": feed, "sequence": clock.get(feed, 0)})
            for feed in change.removed:
                backlog.put(feed, {"id": feed, "sequence": -1})

        stop = self._wishes.on_change(changed)
        try:
            there = [{"id": one, "sequence": clock.get(one, 0)} for one in self._wishes.wanted]
            for n in range(0, len(there), AT_ONCE):
                await call.send([orjson.dumps(one) for one in there[n : n + AT_ONCE]])
            if arguments.is_live(call.args):
                await call.send([SYNC])
                await _tell(call, backlog)
        finally:
            stop()

    async def changes(self, call: Call) -> None:
        """`replicate.changes`: how far replication is, whenever that changed."""
        observer = (await self._beginning.begun()).observer
        told = observer.told
        while True:
            told = await observer.next(told)
            await call.send([orjson.dumps(told)])

    async def peers(self, _: Call) -> list[dict[str, Any]]:
        """`replicate.peers`: every peer that we exchange with, and why one of them does not get on."""
        parts = await self._beginning.begun()
        others = await parts.colleagues.gather("replicate.peers")
        return [*parts.observer.peers(), *(peer for other in others for peer in other)]

    async def read_requests(self, call: Call) -> None:
        """`requests.read`: what was asked for beside the graph, then each new word (docs/bus.md, section 8)."""
        backlog = Backlog()
        stop = self._wishes.requests.listen(
            lambda asked: backlog.put(_subject(asked), item_of(asked))
        )
        try:
            there = [orjson.dumps(item_of(asked)) for asked in self._wishes.requests]
            for n in range(0, len(there), AT_ONCE):
                await call.send(there[n : n + AT_ONCE])
            await call.send([SYNC])
            await _tell(call, backlog)
        finally:
            stop()


def _subject(asked: Asked) -> object:
    if isinstance(asked, FeedAsked):
        return asked.feed
    return (asked.author, asked.target) if isinstance(asked, BlockAsked) else None


async def _tell(call: Call, backlog: Backlog) -> None:
    while True:
        items = await backlog.take(AT_ONCE)
        await call.send([orjson.dumps(item) for item in items])
