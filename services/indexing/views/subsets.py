"""Parts of feeds for other peers: `partialReplication.getSubset`, `partialReplication.getTangle`.

Answers as the subset replication specification has it, in `ssb-ql-0` and `ssb-ql-1`, with the error texts of ssb-subset-rpc 0.3;
clients of go-ssb name no language and may ask for `keys`. Only what is public is given, in the order of the log. Keeps no
rows: authors, types and roots stand in the view of `query`.
"""

from collections.abc import Mapping
from contextlib import aclosing
from functools import partial

from common.bus import Call, CallerError, Method
from common.feed.items import item_of
from common.feed.json import parse
from common.query.keys import key_of, part_of
from common.query.subsets import By, Options, read_options, read_subset
from common.refs import is_message
from common.store import next_prefix
from services.indexing.adapters.reader import CHUNK, Reader
from services.indexing.answering import faults
from services.indexing.merging import Positions, positions_of
from services.indexing.model.message import Message
from services.indexing.model.view import View
from services.indexing.views.query import Queries

__all__ = ["VIEWS", "methods"]

MAX_TANGLE = 1_000
"""Messages of one tangle: they are one answer, and a packet holds no more than 8 MiB."""
_ANONYMOUS = ("anonymous",)

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

    def leaf(part: By) -> Positions:
        return _positions(reader, part, seen, descending=options.descending)

    positions: list[int] = []
    async with aclosing(positions_of(subset, leaf, descending=options.descending)) as found:
        async for position in found:
            positions.append(position)
            if len(positions) == sending.next:
                if not await sending.send(await reader.messages(positions)):
                    return
                positions = []
    await sending.send(await reader.messages(positions))


async def _get_tangle(reader: Reader, call: Call) -> object:
    """`partialReplication.getTangle(root)`: the message, and those that name it as their root."""
    root = call.args[0] if len(call.args) == 1 else None
    if not is_message(root):
        raise CallerError("getTangle: needs the id of a root message")
    await reader.caught_up()
    message = await reader.message(root)
    if message is None or not _is_public(message):
        raise CallerError("getTangle: root message not found", "not_found")
    replies: list[int] = []
    start = b"artK" + part_of(root) + b'"'
    async for rows in reader.walk(Queries.name, start, next_prefix(start)):
        replies += [row.position for row in rows]
        if len(replies) >= MAX_TANGLE:
            raise CallerError(f"getTangle: more than {MAX_TANGLE} messages")
    found = [message, *await reader.messages(sorted(replies))]
    return [parse(one.record.message) for one in found]


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
        """Send what is public of these; False when the limit is reached."""
        public = [one for one in messages if _is_public(one)]
        given = public[self._skip :]
        self._skip -= len(public) - len(given)
        if self._left is not None:
            given = given[: self._left]
            self._left -= len(given)
        if given:
            await self._call.send([item_of(one.record, keys=self._options.keys) for one in given])
        return self._left != 0


def _is_public(message: Message) -> bool:
    return not isinstance(message.value["content"], str)


async def _positions(reader: Reader, part: By, upto: int, *, descending: bool) -> Positions:
    """The positions of an author's messages, of a type's, or of an author's of a type, in the order of the log."""
    if part.author is not None and part.type is not None:
        start = b"aty" + key_of([part.author, part.type])
    elif part.author is not None:
        start = b"clkK" + part_of(part.author) + b'"'
    else:
        start = b"typ" + key_of([part.type])
    end = next_prefix(start)
    async for rows in reader.walk(Queries.name, start, end, reverse=descending):
        for row in rows:
            if row.position <= upto:
                yield row.position
