"""Messages by author, type, channel, root and times: `query.read`, `query.explain`, `query.help`.

Answers as ssb-query 2.4 over flumeview-query 8.0, with the nine indexes that it chooses among and in their orders. Two of
them need no rows: `log` is the log itself, `lor` the view of `times`. Messages that share a key, of which the original
keeps the last one only, are all there.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from common.bus import Call, Method
from common.feed.javascript import number
from common.feed.record import Record
from common.query import choice, indexes
from common.query.errors import QueryError
from common.query.keys import cut, joined, key_of, part_of
from common.query.needed import Needed, is_met, needed
from common.query.request import Request, Span, explained, read_request, span_of
from common.query.stages import Query
from services.indexing.adapters.reader import BOTH, CHUNK, Reader
from services.indexing.answering import answer, at_first_few, faults
from services.indexing.model.message import PUBLIC, Message
from services.indexing.model.shown import Shown, shown, unread
from services.indexing.model.view import Fields, View, ordered
from services.indexing.narrowing import Way, shortest
from services.indexing.ranges import between, positions_between, rows_between, settled
from services.indexing.views.backlinks import mentioning
from services.indexing.views.times import Times

__all__ = ["VIEWS", "Queries", "methods"]

_RECEIVED = {"typ", "cha", "aty"}
"""Indexes of which the time received is the last field."""
MAX_WAYS = 4
"""Ids that a query looks for, of which the rarest is chosen."""
_AFTER_ALL = b"\xff" * 9


class Queries:
    """Name of the index, its fields, position -> nothing."""

    name = "query"
    version = 1
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Fields]:
        """One row for each index whose fields the message has."""
        value, content, end, space = message.value, message.content, message.end, message.space
        author = part_of(value["author"])
        yield b"clk" + joined(author, part_of(value["sequence"])) + end, b"", PUBLIC
        if not isinstance(content, dict):
            return
        claimed = _part(value, "timestamp")  # after a feed's first message it may be anything
        if (kind := _part(content, "type")) is not None:
            yield b"typ" + joined(kind) + end, b"", space
            yield b"aty" + joined(author, kind) + end, b"", space
            if claimed is not None:
                yield b"tya" + joined(kind, claimed) + end, b"", space
                yield b"ata" + joined(author, kind, claimed) + end, b"", space
        if (channel := _part(content, "channel")) is not None:
            yield cut(b"cha" + joined(channel)) + end, b"", space
        if (root := _part(content, "root")) is not None and claimed is not None:
            yield cut(b"art" + joined(root, claimed)) + end, b"", space


def _part(content: Mapping[str, Any], name: str) -> bytes | None:
    """A member of content within a key; None where there is none that has a place in the order."""
    if name not in content:
        return None
    try:
        return part_of(content[name])
    except QueryError:
        return None


VIEWS: tuple[View, ...] = (Queries(),)


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def read(call: Call) -> None:
        """`query.read`: messages through the stages of a query, from the index that suits it best."""
        with faults():
            request = read_request(call.args)
            span = settled(span_of(indexes.QUERY, request.query, choice.QUERY))
            query, source = Query(request.query), _Messages(reader, request, span)
            if source.is_met:
                query = Query(None)
            if span.chosen is None and request.reverse and request.old:
                request = request._replace(live=False)  # flumelog-offset ends there
            await answer(call, reader, request, query, source)

    async def explain(call: Call) -> object:
        """`query.explain`: the index that a query would be answered from, and from where to where."""
        with faults():
            return explained(read_request(call.args))

    async def help_text(call: Call) -> object:
        """`query.help`."""
        assert call is not None  # noqa: S101
        return _HELP

    return {
        "query.read": Method("source", read),
        "query.explain": Method("sync", explain),
        "query.help": Method("sync", help_text),
    }


class _Messages:
    """The messages of a span of an index, or all."""

    def __init__(self, reader: Reader, request: Request, span: Span) -> None:
        self._reader = reader
        self._request = request
        self._span = span
        self._is_within = between(span)
        self._ways = _narrow(span, needed(request.query))
        #: Whether all that there is passes the query, which need not be run then.
        self.is_met = not request.live and not self._ways and is_met(request.query, span)
        self.marked = span.chosen is not None and request.sync is not False

    async def old(self, upto: int) -> AsyncIterator[list[Shown]]:
        if self._request.limit is None:
            async for records in self._reader.ahead(self._parts(upto)):
                yield self._given(records)
            return
        async for part in self._parts(upto):
            yield self._given(await self._reader.records(part))

    async def _parts(self, upto: int) -> AsyncIterator[Sequence[int]]:
        limit = None if self.is_met else self._request.limit  # all that are read count
        async for positions in self._positions(upto):
            for part in at_first_few([p for p in positions if p <= upto], limit):
                yield part

    def _given(self, records: Sequence[tuple[int, Record]]) -> list[Shown]:
        if self.is_met:
            return [unread(one[1]) or self._shown(self._reader.read(*one)) for one in records]
        messages = [self._reader.read(*one) for one in records]
        return self.fresh(messages) if self._ways else [self._shown(one) for one in messages]

    def fresh(self, messages: Sequence[Message]) -> list[Shown]:
        found = [self._shown(message) for message in messages]
        index = self._span.chosen
        if index is None:
            return found
        return [one for one in found if self._is_within(_fields(index, one.item))]

    def _shown(self, message: Message) -> Shown:
        if self._span.chosen is None:
            return shown(message)
        return shown(message, rts=number(message.time))

    async def _positions(self, upto: int) -> AsyncIterator[list[int]]:
        span = self._span
        if self._ways:
            reverse = self._request.reverse
            async for rows in shortest(self._reader, self._ways, reverse=reverse):
                yield [row.position for row in rows]
            return
        if span.chosen is None or span.chosen.name == "log":
            first, end = 1, upto + 1
            if span.chosen is not None:
                first, end = await positions_between(self._reader, span.gte[0], span.lte[0], upto)
            for positions in _counted(max(first, 1), end, reverse=self._request.reverse):
                yield positions
            return
        name = Queries.name
        if span.chosen.name == "lor":
            name, start, end_key = Times.name, *_times(span)
        else:
            tag = span.chosen.name
            start, end_key = await rows_between(
                self._reader, tag.encode(), span, upto, received=tag in _RECEIVED
            )
        reverse, limit = self._request.reverse, self._request.limit
        step = min(CHUNK, limit) if self.is_met and limit else CHUNK
        walk = self._reader.walk(name, start, end_key, reverse=reverse, spaces=BOTH, step=step)
        async for rows in walk:
            yield [row.position for row in rows]


def _narrow(span: Span, wanted: Needed) -> list[Way]:
    """Ranges of rows in the order of the log, one of the span and others that have all that the query finds.

    Empty where the span stands in another order, or there are no others.
    """
    others = [mentioning(dest) for dest in wanted.mentions[:MAX_WAYS]]
    if wanted.channel is not None:
        others.append((Queries.name, cut(b"cha" + key_of([wanted.channel]))))
    own = [] if span.chosen is None or span.chosen.name == "log" else [_in_order(span)]
    others = [one for one in others if one not in own]
    if not others or None in own:
        return []
    return [Way(*one, one[1] + _AFTER_ALL) for one in (*own, *others) if one is not None]


def _in_order(span: Span) -> tuple[str, bytes] | None:
    """The view, and what the keys of a span begin with; None where they are not in the order of the log."""
    assert span.chosen is not None  # noqa: S101  the caller saw to it
    tag, first, last = span.chosen.name, span.gte[:-1], span.lte[:-1]
    if tag not in _RECEIVED and tag != "clk":  # a feed's sequences are in that order too
        return None
    try:
        key = key_of(first)
        if key != key_of(last):
            return None
    except QueryError:  # an object has no place
        return None
    return Queries.name, cut(tag.encode() + (key[:-1] + b'"' if tag == "clk" else key))


def _fields(index: choice.Index, item: Mapping[str, Any]) -> list[Any]:
    """The fields of a message by which an index sorts it; an object, which has no place, where one is missing."""
    try:
        if all(choice.has(field, item) for field in index.fields):
            return [choice.at(field, item) for field in index.fields]
    except QueryError:  # null on the way
        pass
    return [{}]


def _counted(first: int, end: int, *, reverse: bool) -> Iterator[list[int]]:
    positions = range(first, end)
    if reverse:
        positions = positions[::-1]
    for begin in range(0, len(positions), CHUNK):
        yield list(positions[begin : begin + CHUNK])


def _times(span: Span) -> tuple[bytes, bytes]:
    """The keys of the view of times between the bounds of `rts`."""
    (low,), (high,) = span.gte, span.lte
    end = _time(high)
    return _time(low), end + b"\xff" * 9 if end else end


def _time(bound: Any) -> bytes:
    if bound is None or isinstance(bound, bool):
        return b""
    return ordered(bound) if isinstance(bound, int | float) else b"\xff" * 9


_QUERY = {
    "type": "JSONString",
    "description": "the stages of map-filter-reduce, as JSON",
    "optional": False,
}


def _option(kind: str, description: str) -> dict[str, object]:
    return {"type": kind, "description": description, "optional": True}


_HELP = {
    "description": "messages through map-filter-reduce",
    "commands": {
        "read": {
            "type": "source",
            "description": "what a query finds",
            "args": {
                "query": _QUERY,
                "limit": _option("number", "at most so many items; all by default"),
                "reverse": _option("boolean", "the last ones first"),
                "live": _option("boolean", "go on with what comes"),
                "old": _option("boolean", "begin with what is there; true by default"),
            },
        },
        "explain": {
            "type": "sync",
            "description": "the index that answers a query, its bounds, and how each index scored",
            "args": {"query": _QUERY},
        },
    },
}
