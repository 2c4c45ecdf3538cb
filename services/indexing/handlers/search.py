"""Full-text search: `search.query`, `search.help`.

What is found, and in which order, is what ssb-search 1.3 finds, with these differences. A question may be in capitals, where
that finds nothing; words beyond ASCII are words. A question with no word of three letters finds nothing, where that never ends. Of
more than MAX_RANKED public messages the newest come in that order, and the others after them, by their time.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from common.bus import Call, CallerError, OurError
from common.feed.javascript import is_number
from common.store import StoreDamaged, next_prefix
from services.indexing.adapters.fulltext import Matches
from services.indexing.adapters.reader import CHUNK, PRIVATE, Reader
from services.indexing.adapters.search import Search
from services.indexing.model.words import terms_of
from services.indexing.ranking import Ranked, hit_of, ranked, seen
from services.indexing.streams import item
from services.indexing.views.words import PrivateWords

__all__ = ["MAX_RANKED", "MAX_TERMS", "SearchHandlers"]

MAX_RANKED = 10_000
"""Public messages that are looked through for their links before the first one is given."""
MAX_TERMS = 30
"""Words of one question: flumeview-search counts them in the bits of a number."""
DAMAGED = "the search index is damaged and is built anew"

T = TypeVar("T")


class _Asked(NamedTuple):
    """The beginnings of words that are looked for, and how many messages are wanted at most (None: all)."""

    terms: Sequence[str]
    limit: int | None


class SearchHandlers:
    """The methods."""

    def __init__(self, reader: Reader, search: Search) -> None:
        self._reader = reader
        self._search = search

    async def query(self, call: Call) -> None:
        """`search.query({query, limit})`: messages with all of these words, private ones too."""
        asked = _asked(call.args)
        if not asked.terms:
            return
        await self._reader.caught_up()
        await self._search.catch_up()
        try:
            await self._give(call, asked)
        except StoreDamaged as error:
            raise OurError(DAMAGED) from error

    async def help(self, _: Call) -> object:
        """`search.help`."""
        return _HELP

    async def _give(self, call: Call, asked: _Asked) -> None:
        matches = await self._search.find(asked.terms)
        public = await self._search.newest(matches, 0, MAX_RANKED)
        hits = []
        async for records in self._reader.ahead(
            _parts_of([*public, *await self._private(asked.terms)])
        ):
            hits += [seen(*one) or hit_of(self._reader.read(*one)) for one in records]
        left = asked.limit
        for found in _parts(ranked(hits)[:left]):
            left = None if left is None else left - len(found)
            await self._send(call, found)
        if left != 0 and len(public) == MAX_RANKED:
            async for rest in self._rest(matches, left):
                await self._send(call, rest)

    async def _rest(self, matches: Matches, limit: int | None) -> AsyncIterator[list[Ranked]]:
        """What is beyond those that were ranked, as many as are wanted."""
        skipped = MAX_RANKED
        while limit != 0 and (more := await self._search.newest(matches, skipped, MAX_RANKED)):
            skipped += len(more)
            wanted = more[:limit]
            limit = None if limit is None else limit - len(wanted)
            for part in _parts(wanted):
                yield [Ranked(position, "", 0) for position in part]

    async def _send(self, call: Call, found: Sequence[Ranked]) -> None:
        messages = await self._reader.messages([one.position for one in found])
        ranks = {one.position: one.rank for one in found}
        items = []
        for message in messages:
            rank = ranks[message.position]
            told = b',"rank":%d}' % rank if rank else b"}"
            key = item(message, values=False)
            items.append(b'{"key":' + key + b',"value":' + item(message, keys=False) + told)
        if items:
            await call.send(items)

    async def _private(self, terms: Sequence[str]) -> list[int]:
        """Positions of the messages out of boxes that have all of these words."""
        found: set[int] | None = None
        for term in terms:
            start = term.encode()
            having: set[int] = set()
            walk = self._reader.walk(
                PrivateWords.name, start, next_prefix(start), spaces=(PRIVATE,)
            )
            async for rows in walk:
                having.update(row.position for row in rows)
            found = having if found is None else found & having
            if not found:
                return []
        return sorted(found or ())


def _asked(args: list[Any]) -> _Asked:
    """What is asked for; nothing, where the question is no text.

    Raises:
        CallerError: too many words.
    """
    given = args[0] if args and isinstance(args[0], dict) else {}
    query, limit = given.get("query"), given.get("limit")
    terms = terms_of(query) if isinstance(query, str) else []
    if len(terms) > MAX_TERMS:
        raise CallerError(f"search.query: at most {MAX_TERMS} words")
    return _Asked(terms, int(limit) if is_number(limit) and limit >= 1 else None)


async def _parts_of(found: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    for part in _parts(found):
        yield part


def _parts(found: Sequence[T]) -> Iterator[Sequence[T]]:
    return (found[begin : begin + CHUNK] for begin in range(0, len(found), CHUNK))


_HELP = {
    "description": "full-text search in messages",
    "commands": {
        "query": {
            "type": "source",
            "description": "messages with all of some words, or that begin so",
            "args": {
                "query": {
                    "type": "string",
                    "description": "the words, parted by spaces",
                    "optional": False,
                },
                "limit": {
                    "type": "number",
                    "description": "at most so many messages; all by default",
                    "optional": True,
                },
            },
        }
    },
}
