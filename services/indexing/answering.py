"""Answers to queries in map-filter-reduce: what was there, the mark, what comes, through the stages of a query.

Knows flumeview-query's and pull-level's streams and how long one may work before others have their turn; never knows an
index. Called by the views of `query`, `links2` and `backlinks`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from common.bus import Call, CallerError
from common.feed.javascript import UNDEFINED
from common.feed.json import compact_utf8
from common.query.errors import QueryError
from common.query.request import Request
from common.query.stages import Query
from common.query.values import clean
from services.indexing.adapters.reader import CHUNK, Reader
from services.indexing.model.message import Message
from services.indexing.model.shown import Shown

__all__ = ["Giving", "Source", "answer", "at_first_few", "faults"]

SLICE = 20
"""Messages that a query works on before others have their turn: a query of the most rules takes some 50 ms for them."""
QUICK_S = 0.001
"""Twice as many next time, up to CHUNK, where they took less than this."""
FEW = 10
"""Messages read first for a query with a limit; then twice as many each time, up to CHUNK."""
MARK = Shown({"sync": True})


class Source(Protocol):
    """What a query is asked of."""

    marked: bool
    """Whether the end of what was there is marked in a live stream."""

    def old(self, upto: int) -> AsyncIterator[list[Shown]]:
        """What there is up to a position of the log."""
        ...

    def fresh(self, messages: Sequence[Message]) -> list[Shown]:
        """What there is of messages that came."""
        ...


@contextmanager
def faults() -> Iterator[None]:
    """Tell the caller what is wrong with a query."""
    try:
        yield
    except QueryError as error:
        raise CallerError(str(error)) from error


async def answer(
    call: Call, reader: Reader, request: Request, query: Query, source: Source
) -> None:
    """Send what a query finds.

    Raises: QueryError, when a value came that the query cannot treat.
    """
    seen = await reader.caught_up()
    coming = reader.live(seen)
    giving = Giving(call, query, request.limit)
    if request.old:
        async for found in source.old(seen):
            if not await giving.give(found):
                return
        if not request.live:
            await giving.finish()
            return
        if source.marked and not await giving.give([MARK]):
            return
    async for messages in coming:
        if not await giving.give(source.fresh(messages)):
            return


class Giving:
    """One answer on its way: through the query, to the caller, up to a limit."""

    def __init__(self, call: Call, query: Query, limit: int | None) -> None:
        self._call = call
        self._query = query
        self._left = limit
        self._slice = SLICE

    async def give(self, found: Sequence[Shown]) -> bool:
        """Send what the query makes of these; False when the limit is reached."""
        clock, begin = asyncio.get_running_loop().time, 0
        while begin < len(found):
            began, part = clock(), found[begin : begin + self._slice]
            begin += len(part)
            if not await self._send(_texts(self._query.push([one.item for one in part]), part)):
                return False
            self._slice = min(2 * self._slice, CHUNK) if clock() - began < QUICK_S else SLICE
            await asyncio.sleep(0)
        return True

    async def finish(self) -> None:
        """Send what the query held back until the end."""
        if not self._query.holds:
            return
        out = await asyncio.to_thread(self._query.finish)
        for begin in range(0, len(out), CHUNK):
            if not await self._send([_text(one) for one in out[begin : begin + CHUNK]]):
                return

    async def _send(self, bodies: list[bytes]) -> bool:
        if self._left is not None:
            bodies = bodies[: self._left]
            self._left -= len(bodies)
        if bodies:
            await self._call.send(bodies)
        return self._left != 0


def _texts(out: Sequence[Any], given: Sequence[Shown]) -> list[bytes]:
    """What came out of a query as texts; what went in as it is has one already."""
    known = {id(one.item): one for one in given} if out else {}
    return [
        _text(item) if (one := known.get(id(item))) is None else one.text() or _text(item)
        for item in out
    ]


def _text(item: Any) -> bytes:
    """An item as text, which bytes are already; what is undefined is `false`, as muxrpc's codec writes it."""
    if type(item) is bytes:
        return item
    return compact_utf8(False if item is UNDEFINED else clean(item))


def at_first_few(items: Sequence[Any], limit: int | None) -> Iterator[Sequence[Any]]:
    """What was found in pieces: small ones first where only some are asked for."""
    size, begin = (CHUNK if limit is None else FEW), 0
    while begin < len(items):
        yield items[begin : begin + size]
        begin, size = begin + size, size * 2
