"""Hashtags and the threads that have them: the methods of `threads.*` for them.

Knows the methods as ssb-threads 10.8 has them. A hashtag is a message's channel, or one that it mentions; finds them in the
view of threads.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

from common.bus import Call, CallerError, Method
from common.feed.javascript import is_number, is_truthy
from common.feed.json import compact, compact_utf8
from common.refs import message_id
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, CHUNK, Reader
from services.indexing.model.message import Message
from services.indexing.model.threads import (
    Member,
    Threads,
    hashtags_in,
    kind_of,
    label_of,
    root_of,
    spelled_in,
)
from services.indexing.model.view import Row, View
from services.indexing.thread_items import send_each, summary
from services.indexing.thread_options import hashtags_of, wanted
from services.indexing.thread_roots import Roots, is_blocked

__all__ = ["VIEWS", "methods"]

MAX_MATCHING = 100_000
"""Hashtags that begin alike, counted for one question."""
MAX_RECENT = 10_000
"""Hashtags of one answer."""
MATCHES = 10
"""Of one answer where no limit is given."""
TOO_MANY = "too many hashtags begin like that: ask for more letters"

VIEWS: tuple[View, ...] = ()


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""
    queries = _Queries(reader)
    return {
        "threads.hashtagCount": Method("async", queries.count),
        "threads.hashtagSummary": Method("source", queries.summary),
        "threads.hashtagUpdates": Method("source", queries.updates),
        "threads.hashtagsMatching": Method("async", queries.matching),
        "threads.recentHashtags": Method("async", queries.recent),
    }


class _Queries:
    """The methods, over the rows by hashtag."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def count(self, call: Call) -> int:
        """`threads.hashtagCount({hashtag, allowlist, blocklist})`: how many threads have it."""
        asked = wanted(call.args)._replace(following=False)
        hashtag = asked.given.get("hashtag")
        if not isinstance(hashtag, str) or not hashtag:
            raise CallerError("opts.hashtag is required")
        roots = Roots(self._reader, asked, await self._reader.caught_up())
        found = 0
        async for messages in roots.of(self._labelled([hashtag], reverse=False)):
            found += len(messages)
        return found

    async def summary(self, call: Call) -> None:
        """`threads.hashtagSummary({hashtag or hashtags, reverse, ...})`: the threads that have one of them, in short."""
        asked = wanted(call.args)._replace(following=False)
        hashtags = hashtags_of(asked.given)
        roots = Roots(self._reader, asked, await self._reader.caught_up())
        async for messages in roots.of(self._labelled(hashtags, reverse=asked.reverse)):
            await send_each(call, messages, lambda root: summary(self._reader, root, asked.filter))

    async def updates(self, call: Call) -> None:
        """`threads.hashtagUpdates({hashtag or hashtags, ...})`: the roots of threads in which one is used, as it comes."""
        asked = wanted(call.args)
        labels = {label_of(hashtag) for hashtag in hashtags_of(asked.given)}
        async for messages in self._reader.live(await self._reader.caught_up()):
            items = [
                compact_utf8(root_of(one.content) or message_id(one.record.key))
                for one in messages
                if one.opened is None
                and isinstance(one.content, dict)
                and asked.filter.counts(kind_of(one.content))
                and hashtags_in(one.content) & labels
                and not is_blocked(self._reader, one)
            ]
            if items:
                await call.send(items)

    async def matching(self, call: Call) -> bytes:
        """`threads.hashtagsMatching({query, limit})`: the hashtags that begin so, in boxes too, the most used ones first."""
        given = wanted(call.args).given
        query, limit = given.get("query"), given.get("limit")
        if not isinstance(query, str) or not query:
            raise CallerError("opts.query must be non-empty string")
        if is_truthy(limit) and not (is_number(limit) and limit > 0):
            raise CallerError("opts.limit must be number greater than 0")
        await self._reader.caught_up()
        start, counts = Threads.labels(query.lower()), dict[str, int]()
        async for rows in self._reader.walk(Threads.name, start, next_prefix(start), spaces=BOTH):
            for row in rows:
                label = Threads.label(row)
                counts[label] = counts.get(label, 0) + 1
            if len(counts) > MAX_MATCHING:
                raise CallerError(TOO_MANY, "refused")
        most = int(limit) if is_number(limit) and limit else MATCHES
        found = sorted(counts.items(), key=lambda one: (-one[1], compact(one[0])))[:most]
        return compact_utf8([[label, count] for label, count in found])

    async def recent(self, call: Call) -> bytes:
        """`threads.recentHashtags({limit, preserveCase})`: the hashtags used last in public."""
        given = wanted(call.args).given
        limit = given.get("limit")
        if not is_number(limit) or limit <= 0:
            raise CallerError("Limit must be number greater than 0")
        await self._reader.caught_up()
        most, found = min(limit, MAX_RECENT), dict[str, str]()
        async for messages in self._lately_labelled():
            for hashtag in (tag for one in messages for tag in spelled_in(one.content)):
                if len(found) < most:
                    found.setdefault(label_of(hashtag), hashtag.removeprefix("#"))
            if len(found) >= most:
                break
        return compact_utf8([*(found.values() if is_truthy(given.get("preserveCase")) else found)])

    async def _lately_labelled(self) -> AsyncIterator[list[Message]]:
        """The messages for all that have a hashtag, from those we do not block, the last one first."""
        start = Threads.times()
        async for rows in self._reader.walk(Threads.name, start, next_prefix(start), reverse=True):
            labelled = [row.position for row in rows if Member.of(row).labelled]
            messages = await self._reader.messages(labelled)
            yield [one for one in messages if not is_blocked(self._reader, one)]

    async def _labelled(
        self, hashtags: Sequence[str], *, reverse: bool
    ) -> AsyncIterator[list[Row]]:
        """The rows of messages that have one of these hashtags, by time, each message once."""
        walks = [self._rows(label, reverse) for label in sorted({label_of(h) for h in hashtags})]
        heads = {walk: row for walk in walks if (row := await anext(walk, None)) is not None}
        found: list[Row] = []
        last = b""
        while heads:
            pick = max if reverse else min
            walk = pick(heads, key=lambda one: heads[one].key[-16:])
            row, following = heads[walk], await anext(walk, None)
            if following is None:
                del heads[walk]
            else:
                heads[walk] = following
            if row.key[-16:] != last:
                found.append(row)
            last = row.key[-16:]
            if len(found) == CHUNK:
                yield found
                found = []
        yield found

    async def _rows(self, label: str, reverse: bool) -> AsyncIterator[Row]:
        start = Threads.labelled(label)
        walk = self._reader.walk(Threads.name, start, next_prefix(start), reverse=reverse)
        async for rows in walk:
            for row in rows:
                yield row
