"""Parts of feeds for other peers: `partialReplication.getSubset`, `partialReplication.getTangle`.

Answers as the subset replication specification has it, in `ssb-ql-0` and `ssb-ql-1`, with the error texts of ssb-subset-rpc 0.3;
clients of go-ssb name no language and may ask for `keys`. Tangles are as ssb-partial-replication 3.0 gives them. What is boxed is
given only as the root of a tangle, in its box, and nothing to whom its author blocks. Subsets are in the order of the
times claimed, as ssb-db2 gives them. Keeps no rows: authors, types and roots stand in the view of `query`.
"""

from collections.abc import Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from common.bus import Call, CallerError, Method
from common.feed.items import item_of
from common.feed.javascript import is_truthy, text_of
from common.feed.json import parse
from common.query.keys import part_of
from common.query.subsets import By, Options, read_options, read_subset
from common.refs import FeedId, is_message
from common.store import next_prefix
from services.indexing.adapters.reader import CHUNK, Reader
from services.indexing.answering import faults
from services.indexing.merging import Places, places_of, union
from services.indexing.model.message import Message
from services.indexing.model.view import View
from services.indexing.thread_order import in_order
from services.indexing.views.query import Queries

__all__ = ["VIEWS", "methods"]

MAX_TYPES = 500
"""Types of one feed that are read side by side where only its author is given."""
MAX_TANGLE = 1_000
"""Messages of one tangle: they are one answer, and a packet holds no more than 8 MiB."""
_ANONYMOUS = ("anonymous",)
_MASTER = "master"
_TURNED = bytes(range(255, -1, -1))
"""Turns the order of bytes around."""

VIEWS: tuple[View, ...] = ()


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table; whoever may connect may ask."""
    return {
        "partialReplication.getSubset": Method("source", partial(_get_subset, reader), _ANONYMOUS),
        "partialReplication.getTangle": Method("async", partial(_get_tangle, reader), _ANONYMOUS),
    }


async def _get_subset(reader: Reader, call: Call) -> None:
    """`partialReplication.getSubset(query, options)`: the messages of a subset."""
    given = call.args[1] if len(call.args) > 1 else None
    given = given if isinstance(given, dict) else {}
    with faults():
        subset = read_subset(call.args[0] if call.args else None, given)
    options = read_options(given)
    sending = _Sending(call, options)
    seen = await reader.caught_up()

    def leaf(part: By) -> Places:
        return _places(reader, part, seen, descending=options.descending)

    positions: list[int] = []
    async with aclosing(places_of(subset, leaf)) as found:
        async for _, position in found:
            positions.append(abs(position))
            if len(positions) == sending.next:
                if not await sending.send(await _public(reader, call, positions)):
                    return
                positions = []
    await sending.send(await _public(reader, call, positions))


async def _get_tangle(reader: Reader, call: Call) -> object:
    """`partialReplication.getTangle(root)`: the message, and those that name it as their root."""
    root = call.args[0] if call.args else None
    if not is_truthy(root):
        raise CallerError(f"msg not found:{text_of(root) if call.args else 'undefined'}")
    if not is_message(root):
        raise CallerError("Param 0 must by of type object")
    await reader.caught_up()
    message = await reader.message(root)
    if message is None or not _sees(reader, call, message):
        raise CallerError(f"Key not found in database [{root}]", "not_found")
    replies: list[int] = []
    start = b"artK" + part_of(root) + b'"'
    async for rows in reader.walk(Queries.name, start, next_prefix(start)):
        replies += [row.position for row in rows]
        if len(replies) >= MAX_TANGLE:
            raise CallerError(f"getTangle: more than {MAX_TANGLE} messages")
    found = in_order(await reader.messages(replies))
    return [
        parse(one.record.message)
        for one in (message, *found)
        if one is message or _sees(reader, call, one)
    ]


class _Sending:
    """A subset on its way to the caller."""

    def __init__(self, call: Call, options: Options) -> None:
        self._call = call
        self._options = options
        self._skip = options.skip
        self._left = options.limit

    @property
    def next(self) -> int:
        """How many messages to read now."""
        return CHUNK if self._left is None else max(1, min(CHUNK, self._skip + self._left))

    async def send(self, messages: list[Message]) -> bool:
        """Send these; False when the limit is reached."""
        given = messages[self._skip :]
        self._skip -= len(messages) - len(given)
        if self._left is not None:
            given = given[: self._left]
            self._left -= len(given)
        if given:
            await self._call.send([item_of(one.record, keys=self._options.keys) for one in given])
        return self._left != 0


async def _public(reader: Reader, call: Call, positions: list[int]) -> list[Message]:
    """The messages at these positions that are in no box and that the caller may see."""
    return [
        one
        for one in await reader.messages(positions)
        if not isinstance(one.value["content"], str) and _sees(reader, call, one)
    ]


def _sees(reader: Reader, call: Call, message: Message) -> bool:
    """Whether a message may be given to the caller: not where its author blocks the caller."""
    if call.caller.role == _MASTER:
        return True
    author, caller = FeedId(message.value["author"]), FeedId(call.caller.feed)
    return not reader.social.graph.is_blocking(author, caller)


def _places(reader: Reader, part: By, upto: int, *, descending: bool) -> Places:
    """The places of an author's messages, of a type's, or of an author's of a type, by the time claimed."""
    if part.author is None:
        return _walked(reader, _begin(b"tya", part.type), upto, descending=descending)
    if part.type is not None:
        start = _begin(b"ata", part.author, part.type)
        return _walked(reader, start, upto, descending=descending)
    starts = list(_of_types(reader, _begin(b"ata", part.author)))
    return union([_walked(reader, one, upto, descending=descending) for one in starts])


async def _walked(reader: Reader, start: bytes, upto: int, *, descending: bool) -> Places:
    """The places of the rows that begin so: their last field is the time claimed, of nine bytes."""
    async for rows in reader.walk(Queries.name, start, next_prefix(start), reverse=descending):
        for row in rows:
            if row.position <= upto:
                claimed = row.key[-18:-9]
                if descending:
                    yield claimed.translate(_TURNED), -row.position
                else:
                    yield claimed, row.position


def _begin(tag: bytes, *values: Any) -> bytes:
    """What the keys of an index begin with whose first fields have these values."""
    return tag + b"K" + b"".join(part_of(value) + b'"' for value in values)


def _of_types(reader: Reader, begin: bytes) -> Iterator[bytes]:
    """What the rows of each type of an author begin with.

    Raises: CallerError, where there are too many.
    """
    start, end = begin, next_prefix(begin)
    for _ in range(MAX_TYPES):
        row = next(reader.scan(Queries.name, start, end, limit=1), None)
        if row is None:
            return
        kind = row.key[: row.key.index(b'"', len(begin))]
        yield kind + b'"'
        start = kind + b"#"  # the next byte: behind all of this type
    raise CallerError(f"getSubset: the feed has more than {MAX_TYPES} types; ask for some")
