"""Links that messages make, kept in several orders and read through queries (flumeview-links 1.0 and 2.1).

A row has the number of the link within its message, which is read again for what the link says. Knows no kind of link: `Kind` does.
Called by the views of `links2` and `backlinks`.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Protocol

from common.bus import Call
from common.feed.record import Record
from common.query import choice
from common.query.choice import Index
from common.query.errors import QueryError
from common.query.keys import MAX_KEY
from common.query.needed import is_met
from common.query.request import Request, Span, span_of
from common.query.stages import Query
from services.indexing.adapters.reader import BOTH, CHUNK, Reader
from services.indexing.answering import Giving, answer, at_first_few
from services.indexing.model.message import Message
from services.indexing.model.shown import Shown
from services.indexing.model.view import Fields, Row
from services.indexing.ranges import between, rows_between, settled

__all__ = ["Kind", "LinkRows", "read_links"]


class Kind(Protocol):
    """A kind of link: `by_arrival` are the indexes of which the time received is the last field."""

    name: str
    indexes: tuple[Index, ...]
    by_arrival: frozenset[str]

    def keys(self, message: Message) -> Iterable[tuple[int, bytes]]:
        """The number of each link and its key in an index: its name, and the fields but the time received."""
        ...

    def links(self, message: Message) -> list[dict[str, Any]]:
        """The links of a message in the order of their numbers, as they are given where no index was chosen."""
        ...

    def given(self, index: Index, message: Message, link: dict[str, Any]) -> Shown:
        """A link as an index gives it."""
        ...


class Short(Protocol):
    """How links are had without making all of a message's."""

    def at(self, index: Index, key: bytes, message: Message) -> dict[str, Any] | None:
        """The link of a key that is whole, as far as `given` needs it; None where the key does not tell."""
        ...

    def unread(self, index: Index, key: bytes, record: Record) -> Shown | None:
        """The same as its index gives it, without parsing the message; None where that is needed."""
        ...


class LinkRows:
    """Key, position -> number of the link within the message."""

    version = 1
    reads: frozenset[int] = frozenset()

    def __init__(self, kind: Kind) -> None:
        self.name = kind.name
        self._kind = kind

    def rows(self, message: Message) -> list[Fields]:
        """A row for each link and index; of those with one key the last link's, as in flumeview-links."""
        found = {key[:MAX_KEY]: n for n, key in self._kind.keys(message)}
        end, space = message.end, message.space
        return [(key + end, n.to_bytes(2), space) for key, n in found.items()]


def _values(index: Index, link: Mapping[str, Any]) -> list[Any] | None:
    """The fields of a link by which an index sorts it; None where one is missing."""
    try:
        if all(choice.has(field, link) for field in index.fields):
            return [choice.at(field, link) for field in index.fields]
    except QueryError:  # null on the way
        pass
    return None


async def read_links(
    call: Call, reader: Reader, request: Request, kind: Kind, short: Short | None = None
) -> None:
    """Send the links that a query finds, in the order of the index that suits it best.

    `short` is for kinds that can do with less.

    Raises: QueryError.
    """
    span = settled(span_of(kind.indexes, request.query, choice.LINKS))
    if span.chosen is None:
        await _all(call, reader, request, kind)
        return
    stages = choice.without_sort(request.query)
    query, found = Query(stages), _Found(reader, request, span, kind, short)
    if short is not None and not request.live and is_met(stages, span):
        query, found.is_met = Query(None), True
    await answer(call, reader, request, query, found)


async def _all(call: Call, reader: Reader, request: Request, kind: Kind) -> None:
    """Every link of every message; no stage counts then, and a limit is one of messages, as in the original."""
    seen, left = await reader.caught_up(), request.limit
    coming = reader.live(seen)
    giving = Giving(call, Query(None), None)

    async def give(messages: Sequence[Message]) -> bool:
        nonlocal left
        if left is not None:
            messages = messages[:left]
            left -= len(messages)
        await giving.give([Shown(link) for one in messages for link in kind.links(one)])
        return left != 0

    positions = range(1, seen + 1)[:: -1 if request.reverse else 1]
    for begin in range(0, len(positions) if request.old else 0, CHUNK):
        if not await give(await reader.messages(positions[begin : begin + CHUNK])):
            return
    if request.live and not (request.old and request.reverse):
        async for messages in coming:
            if not await give(messages):
                return


class _Found:
    """The links of a span of an index."""

    def __init__(
        self, reader: Reader, request: Request, span: Span, kind: Kind, short: Short | None
    ) -> None:
        assert span.chosen is not None  # noqa: S101  the caller saw to it
        self._reader = reader
        self._request = request
        self._span = span
        self._between = between(span)
        self._index = span.chosen
        self._kind = kind
        self._short = short
        #: Whether all that there is passes the query.
        self.is_met = False
        self.marked = request.sync is not False

    async def old(self, upto: int) -> AsyncIterator[list[Shown]]:
        tag, reverse = self._index.name, self._request.reverse
        start, end = await rows_between(
            self._reader, tag.encode(), self._span, upto, received=tag in self._kind.by_arrival
        )
        walk = self._reader.walk(self._kind.name, start, end, reverse=reverse, spaces=BOTH)
        async for rows in walk:
            known = [row for row in rows if row.position <= upto]
            for part in at_first_few(known, self._request.limit):
                yield await self._of_rows(part)

    def fresh(self, messages: Sequence[Message]) -> list[Shown]:
        return [
            self._kind.given(self._index, message, link)
            for message in messages
            for link in self._kind.links(message)
            if self._is_within(link)
        ]

    def _is_within(self, link: Mapping[str, Any]) -> bool:
        values = _values(self._index, link)
        return values is not None and self._between(values)

    async def _of_rows(self, rows: Sequence[Row]) -> list[Shown]:
        records = dict(await self._reader.records(sorted({row.position for row in rows})))
        messages: dict[int, Message] = {}
        made: dict[int, list[dict[str, Any]]] = {}
        found = []
        for row in rows:
            position = row.position
            record = records.get(position)
            if record is None:
                continue
            if self.is_met and self._short is not None:
                unread = self._short.unread(self._index, row.key, record)
                if unread is not None:
                    found.append(unread)
                    continue
            if position not in messages:
                messages[position] = self._reader.read(position, record)
            link = self._link(row, messages[position], made)
            if link is not None:
                found.append(self._kind.given(self._index, messages[position], link))
        return found

    def _link(
        self, row: Row, message: Message, made: dict[int, list[dict[str, Any]]]
    ) -> dict[str, Any] | None:
        """The link of a row, from its key or else from all of its message, which are made once."""
        is_whole = len(row.key) < MAX_KEY
        if is_whole and self._short is not None:
            link = self._short.at(self._index, row.key, message)
            if link is not None:
                return link
        if message.position not in made:
            made[message.position] = self._kind.links(message)
        links, n = made[message.position], int.from_bytes(row.value)
        return links[n] if n < len(links) and (is_whole or self._is_within(links[n])) else None
