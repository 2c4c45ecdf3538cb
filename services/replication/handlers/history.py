"""`createHistoryStream`: one feed, for peers that do not speak EBT.

Knows arguments and error texts; decides nothing of replication itself. The table in `actor` names it.
"""

import asyncio

from common.bus import Call, CallerError, Stream
from common.feed.items import item_of
from common.feed.record import Record
from common.refs import FeedId
from common.runtime.limits import Shares, window
from services.replication.adapters.hub import Hub
from services.replication.handlers.beginning import Beginning
from services.replication.request import HistoryRequest, blocks_in, feed_in, read_request

MASTER = "master"
MAX_HISTORIES = 3_072
"""Streams of histories in all: storage takes 4,096 calls from us, the rest is for EBT and the log."""
LEAST_HISTORIES = 16
"""That every peer may have, however many others are there."""


class HistoryHandlers:
    """The method, and how many of its streams each peer has."""

    def __init__(self, beginning: Beginning) -> None:
        self._beginning = beginning
        self._histories = Shares(MAX_HISTORIES, LEAST_HISTORIES)

    @property
    def n_open(self) -> int:
        """Streams that peers have open."""
        return self._histories.taken

    async def create_history_stream(self, call: Call) -> None:
        """`createHistoryStream`: one feed from a sequence on, as ssb-db and ssb-replicate give it.

        Raises:
            CallerError: the options are wrong; the reference's texts.
        """
        parts = await self._beginning.ready()
        talk = parts.peers.talk(call.caller.connection)
        if talk is not None:
            talk.called_history()
        caller = call.caller.feed
        if parts.wishes.is_blocking(feed_in(call.args), caller):
            return
        wanted = read_request(call.args, parts.hub.clock)
        if wanted is None:
            return
        counted = call.caller.role != MASTER
        if counted and not self._histories.enter(caller):
            parts.hub.refusals.note("too many histories")
            raise CallerError("too many histories at once", "overloaded")
        credit = window(self._histories.held(caller))
        try:
            for options in wanted.reads(parts.hub.clock.get(wanted.feed, 0)):
                stream = parts.node.source("storage", "feeds.read", options, window=credit)
                if await _carry(call, wanted, stream, parts.hub if counted else None):
                    return
        finally:
            if counted:
                self._histories.leave(caller)


async def _carry(call: Call, wanted: HistoryRequest, stream: Stream, counts: Hub | None) -> bool:
    """Sends what a read gives, and lets who used up its bytes wait; whether no more may follow."""
    peer = FeedId(call.caller.feed)
    async with stream:
        async for batch in stream:
            records = [Record.parse(raw) for raw in batch.bodies]
            items, ended = _items(wanted, records, call.caller.feed)
            await call.send(items)
            size = sum(map(len, items))
            if counts is not None:
                counts.traffic.went(len(items), size)
                if counts.spend(peer, size):
                    await asyncio.sleep(counts.rest_seconds(peer))
            if ended:
                return True
    return False


def _items(wanted: HistoryRequest, records: list[Record], caller: str) -> tuple[list[bytes], bool]:
    """The items of these records up to where the feed ends for the caller, and whether it does.

    It ends where the author blocks the caller, and before a message that was deleted: nobody may get a gap.
    """
    items: list[bytes] = []
    for record in records:
        if not record.message or blocks_in(record.message, caller):
            return items, True
        items.append(item_of(record, keys=wanted.keys, values=wanted.values))
    return items, False
