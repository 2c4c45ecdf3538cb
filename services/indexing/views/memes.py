"""Blobs by what messages call them: `meme.*`.

Knows the methods as ssb-meme 1.1 has them, names in boxes for us included, and how its keys sort.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import NamedTuple

from common.bus import Call, CallerError, Method
from common.feed.javascript import is_number
from common.feed.json import Json, compact_utf8
from common.refs import message_id
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, CHUNK, Reader
from services.indexing.memes import memes_in, terms, words_in
from services.indexing.model.message import Message
from services.indexing.model.view import Row, View, text_key
from services.indexing.streams import item

__all__ = ["VIEWS", "Memes", "methods"]

MAX_TERMS = 16
"""Words of a query."""
MAX_FOUND = 100_000
"""Messages that have some word of a query: kept in memory until one has them all."""
TOO_MANY = "too many blobs have a name like that: ask for more letters"
_MASK = (1 << 64) - 1


class Memes:
    """Word, position from behind, position -> nothing."""

    name = "memes"
    version = 1
    reads: frozenset[int] = frozenset()

    @staticmethod
    def beginning(term: str) -> bytes:
        """What the keys of words begin with that begin so."""
        return text_key(term)[:-2]

    def rows(self, message: Message) -> Iterator[Row]:
        """One row for each word of a name."""
        if not isinstance(message.content, dict) or "mentions" not in message.content:
            return
        position = message.position
        end = (_MASK - position).to_bytes(8) + position.to_bytes(8)
        for word in words_in(message.content):
            yield Row(text_key(word) + end, b"", message.space)


VIEWS: tuple[View, ...] = (Memes(),)


class _Asked(NamedTuple):
    """A query, how many messages may answer it, and whether they are wanted or only where they stand."""

    query: str
    limit: int
    values: bool


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def query(call: Call) -> None:
        """`meme.query({query, limit})`: the messages that call a blob by words that begin with all of the query's."""
        asked = _asked(call)
        async for positions in _found(reader, asked.query, asked.limit):
            if asked.values:
                items = [item(message) for message in await reader.messages(positions)]
            else:
                items = [compact_utf8(position) for position in positions]
            if items:
                await call.send(items)

    async def search(call: Call) -> bytes:
        """`meme.search({query})`: blobs whose name has all parts of the query, and who called them so where."""
        asked = _asked(call)
        wanted, blobs = asked.query.lower(), dict[str, list[Json]]()
        async for positions in _found(reader, wanted, asked.limit):
            for message in await reader.messages(positions):
                key, author = message_id(message.record.key), message.value["author"]
                for meme in (one for one in memes_in(message.content) if one.has(wanted)):
                    told: Json = {"name": meme.name, "author": author, "msg": key}
                    blobs.setdefault(meme.link, []).append(told)
        return compact_utf8({link: [*named] for link, named in blobs.items()})

    return {"meme.query": Method("source", query), "meme.search": Method("async", search)}


def _asked(call: Call) -> _Asked:
    """The query, alone or among options.

    Raises: CallerError.
    """
    given = call.args[0] if call.args else None
    given = {"query": given} if isinstance(given, str) else given
    query = given.get("query") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(query, str):
        raise CallerError("query must be a text")
    limit = given.get("limit")
    most = limit if is_number(limit) and limit > 0 and limit == int(limit) else MAX_FOUND
    return _Asked(query, int(most), given.get("values") is not False)


async def _found(reader: Reader, query: str, limit: int) -> AsyncIterator[list[int]]:
    """The positions of messages that have all words of a query, a row of each word looked at in turn.

    Raises: CallerError, for too many words, or rows.
    """
    wanted = terms(query)
    if len(wanted) > MAX_TERMS:
        raise CallerError(f"a query has {MAX_TERMS} words at most")
    await reader.caught_up()
    walks = {1 << n: _positions(reader, term) for n, term in enumerate(wanted)}
    whole, seen, found = sum(walks), dict[int, int](), list[int]()
    while walks:
        for bit, walk in list(walks.items()):
            position = await anext(walk, None)
            if position is None:
                del walks[bit]
                continue
            before = seen.get(position, 0)
            seen[position] = before | bit
            if before != whole and before | bit == whole:
                found.append(position)
        if len(seen) > MAX_FOUND:
            raise CallerError(TOO_MANY, "refused")
        if len(found) >= min(CHUNK, limit):
            yield found[:limit]
            limit -= len(found)
            found = []
        if limit <= 0:
            return
    yield found


async def _positions(reader: Reader, term: str) -> AsyncIterator[int]:
    """The messages that have a word which begins so, by word, the newest first."""
    start = Memes.beginning(term)
    async for rows in reader.walk(Memes.name, start, next_prefix(start), spaces=BOTH):
        for row in rows:
            yield row.position
