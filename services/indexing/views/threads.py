"""Threads: lists of them by what was said last, one of them, and what comes: `threads.*` but for hashtags.

Knows the methods as ssb-threads 10.8 has them. Boxes that are not for us are in none. Which threads are in a list stands in
`services/indexing/thread_roots.py`, what is told of one in `thread_items.py`, the fold in `model/threads.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeAlias

from common.bus import Call, CallerError, Method
from common.feed.json import compact_utf8
from common.refs import is_feed, is_message, message_id
from common.store import next_prefix
from services.indexing.adapters.reader import PRIVATE, PUBLIC, Reader
from services.indexing.arrivals import arriving
from services.indexing.model.message import Message, Space
from services.indexing.model.threads import Reply, Threads, kind_of, root_of
from services.indexing.model.view import View
from services.indexing.thread_items import send_each, summary, thread, written
from services.indexing.thread_options import Filter, Wanted, wanted
from services.indexing.thread_roots import Roots, is_blocked, is_public

__all__ = ["VIEWS", "methods"]

VIEWS: tuple[View, ...] = (Threads(),)
_POSTS = Filter(frozenset({b"post"}), None)

_Told: TypeAlias = Callable[[Message, Wanted], Awaitable[bytes]]


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""
    lists, one, updates = _Lists(reader), _One(reader), _Updates(reader)
    return {
        "threads.public": Method("source", lists.public),
        "threads.publicSummary": Method("source", lists.public_summary),
        "threads.private": Method("source", lists.private),
        "threads.profile": Method("source", lists.profile),
        "threads.profileSummary": Method("source", lists.profile_summary),
        "threads.thread": Method("source", one.thread),
        "threads.threadUpdates": Method("source", one.updates),
        "threads.publicUpdates": Method("source", updates.public),
        "threads.privateUpdates": Method("source", updates.private),
    }


class _Lists:
    """Threads by what was said last in them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def public(self, call: Call) -> None:
        """`threads.public({reverse, threadMaxSize, allowlist, blocklist, following})`."""
        await self._send(call, Threads.times(), self._thread)

    async def public_summary(self, call: Call) -> None:
        """`threads.publicSummary`: the same in short."""
        await self._send(call, Threads.times(), self._summary)

    async def private(self, call: Call) -> None:
        """`threads.private`: those that came out of boxes for us."""
        await self._send(call, Threads.times(), self._private_thread, space=PRIVATE)

    async def profile(self, call: Call) -> None:
        """`threads.profile({id, ...})`: those in which a feed said something in public."""
        await self._send(call, Threads.by(_id(call)), self._thread, replies=True)

    async def profile_summary(self, call: Call) -> None:
        """`threads.profileSummary({id, ...})`: the same in short, but for threads within others."""
        await self._send(call, Threads.by(_id(call)), self._summary)

    async def _send(
        self, call: Call, start: bytes, told: _Told, *, space: Space = PUBLIC, replies: bool = False
    ) -> None:
        asked = wanted(call.args)
        if space == PRIVATE or start != Threads.times():
            asked = asked._replace(following=False)  # it is an option of public lists alone
        roots = Roots(self._reader, asked, await self._reader.caught_up())
        walk = self._reader.walk(
            Threads.name, start, next_prefix(start), reverse=asked.reverse, spaces=(space,)
        )
        async for messages in roots.of(walk, private=space == PRIVATE, replies=replies):
            await send_each(call, messages, lambda root: told(root, asked))

    async def _thread(self, root: Message, asked: Wanted) -> bytes:
        return await thread(self._reader, root, asked.filter, asked.most, private=False)

    async def _private_thread(self, root: Message, asked: Wanted) -> bytes:
        return await thread(self._reader, root, asked.filter, asked.most, private=True)

    async def _summary(self, root: Message, asked: Wanted) -> bytes:
        return await summary(self._reader, root, asked.filter)


class _One:
    """One thread."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def thread(self, call: Call) -> None:
        """`threads.thread({root, private, threadMaxSize, ...})`: posts, where no types are named."""
        asked = wanted(call.args)
        await self._reader.caught_up()
        key = asked.given.get("root")
        root = await self._reader.message(key) if is_message(key) else None
        if root is None or not (asked.private or is_public(root)):
            return
        author = root.value["author"]
        if self._reader.social.graph.is_blocking(self._reader.own, author):
            raise CallerError(f"Author Blocked:{author}", "refused")
        unnamed = asked.filter.allowed is None and asked.filter.blocked is None
        kinds = _POSTS if unnamed else asked.filter
        await call.send(
            [await thread(self._reader, root, kinds, asked.most, private=asked.private)]
        )

    async def updates(self, call: Call) -> None:
        """`threads.threadUpdates({root, private, ...})`: the replies that come."""
        asked = wanted(call.args)
        root = asked.given.get("root")
        if not is_message(root):
            raise CallerError("root must be the id of a message")
        start, space = Threads.replies(root), PRIVATE if asked.private else PUBLIC
        end, seen = next_prefix(start), await self._reader.caught_up()
        async for rows in arriving(self._reader, Threads.name, start, end, seen, spaces=(space,)):
            found = [row.position for row in rows if asked.filter.counts(Reply.of(row).type)]
            messages = await self._reader.messages(found)
            items = [written(one) for one in messages if not is_blocked(self._reader, one)]
            if items:
                await call.send(items)


class _Updates:
    """In which threads something is said, as it comes."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def public(self, call: Call) -> None:
        """`threads.publicUpdates({includeSelf, following, ...})`: the ids of what is said in threads that we have."""
        asked = wanted(call.args)
        async for messages in self._coming(asked):
            items = [
                compact_utf8(message_id(one.record.key))
                for one in messages
                if one.opened is None and await self._is_told(one, asked)
            ]
            if items:
                await call.send(items)

    async def private(self, call: Call) -> None:
        """`threads.privateUpdates({includeSelf, ...})`: the roots of threads in which something is said to us."""
        asked = wanted(call.args)
        async for messages in self._coming(asked):
            items = [
                compact_utf8(root_of(one.content) or message_id(one.record.key))
                for one in messages
                if one.opened is not None
            ]
            if items:
                await call.send(items)

    async def _coming(self, asked: Wanted) -> AsyncIterator[list[Message]]:
        async for messages in self._reader.live(await self._reader.caught_up()):
            yield [
                one
                for one in messages
                if asked.filter.counts(kind_of(one.content))
                and (asked.include_self or one.value["author"] != self._reader.own)
                and not is_blocked(self._reader, one)
            ]

    async def _is_told(self, message: Message, asked: Wanted) -> bool:
        key = root_of(message.content)
        root = message if key is None else await self._reader.message(key)
        if root is None:
            return False
        begins = asked.filter.begins(kind_of(root.content)) and not is_blocked(self._reader, root)
        if key is not None and not begins:
            return False
        graph, own = self._reader.social.graph, self._reader.own
        known = root.value["author"], *([message.value["author"]] if asked.include_self else [])
        return not asked.following or own in known or graph.is_following(own, known[0])


def _id(call: Call) -> str:
    """The feed asked for.

    Raises: CallerError.
    """
    feed = wanted(call.args).given.get("id")
    if not is_feed(feed):
        raise CallerError("id must be the id of a feed")
    return feed
