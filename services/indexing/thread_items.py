"""Threads as clients get them: a root with its replies in order, or what is to be known of them.

Knows rows, messages and the follow graph; never which threads are asked for. Called by the views that answer `threads.*`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple

from common.bus import Call
from common.feed.items import item_of, js_number
from common.feed.json import compact_utf8
from common.refs import feed_id, message_id
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, PRIVATE, PUBLIC, Reader
from services.indexing.model.message import Message, Space
from services.indexing.model.threads import Reply, Threads, time_of
from services.indexing.model.view import Row, number_in
from services.indexing.thread_options import Filter
from services.indexing.thread_order import in_order

__all__ = ["send_each", "summary", "thread", "written"]

MAX_MESSAGES = 5_000
"""Of one thread, the newest ones: what is more makes it one that is not full."""
MAX_BYTES = 6 << 20
"""Of their JSON: a thread is one item, and a packet of muxrpc holds 8 MiB."""


AT_ONCE = 8
"""Threads put together at the same time."""


async def send_each(
    call: Call, roots: Sequence[Message], told: Callable[[Message], Awaitable[bytes]]
) -> None:
    """Send what is told of each root, in their order, some put together at a time."""
    for start in range(0, len(roots), AT_ONCE):
        await call.send(await asyncio.gather(*map(told, roots[start : start + AT_ONCE])))


class _Replies(NamedTuple):
    """Replies from those we do not block, the newest first; and whether these are all."""

    messages: list[Message]
    whole: bool


def written(message: Message) -> bytes:
    """A message as ssb-db2 gives it: with `meta` beside its value where its box is open."""
    opened, boxed = message.opened, message.value["content"]
    if opened is None:
        return item_of(message.record)
    value = compact_utf8({**message.value, "content": opened.content})
    meta = {"private": True, "originalContent": boxed, "encryptionFormat": boxed.rpartition(".")[2]}
    record = message.record._replace(message=value)
    return item_of(record, extra=b',"meta":' + compact_utf8(meta))


async def thread(
    reader: Reader, root: Message, kinds: Filter, most: int | None, *, private: bool
) -> bytes:
    """`{"messages": [...], "full"}`: the root and the newest replies, `most` of all, in order; full when these are all."""
    replies = await _replies(reader, root, kinds, most, PRIVATE if private else PUBLIC)
    messages = in_order([root, *replies.messages])
    full = replies.whole and (most is None or len(messages) <= most)
    if most is not None and len(messages) > most and len(messages) > 2:
        del messages[1]
    parts = b",".join(written(one) for one in messages)
    return b'{"messages":[' + parts + b'],"full":' + (b"true" if full else b"false") + b"}"


async def summary(reader: Reader, root: Message, kinds: Filter) -> bytes:
    """`{"root", "replyCount", "timestamp"}`: replies and forks from those we do not block, and when the last one was."""
    count, last = 0, time_of(root)
    key = message_id(root.record.key)
    for start in (Threads.replies(key), Threads.forks(key)):
        async for rows in _counted(reader, start, kinds, BOTH):
            count += len(rows)
            last = max(last, *(number_in(row.key[-16:-8]) for row in rows))
    told = f',"replyCount":{count},"timestamp":{js_number(last)}}}'
    return b'{"root":' + written(root) + told.encode()


async def _replies(
    reader: Reader, root: Message, kinds: Filter, most: int | None, space: Space
) -> _Replies:
    found: list[Message] = []
    limit = MAX_MESSAGES if most is None else min(most, MAX_MESSAGES)
    left, room = limit, MAX_BYTES
    start = Threads.replies(message_id(root.record.key))
    async for rows in _counted(reader, start, kinds, (space,)):
        for message in await reader.messages([row.position for row in rows[:left]]):
            room -= 2 * len(message.record.message)
            if room < 0:
                return _Replies(found, whole=False)
            found.append(message)
        left -= len(rows)
        if left < 0:
            return _Replies(found, whole=limit == most)
    return _Replies(found, whole=True)


async def _counted(
    reader: Reader, start: bytes, kinds: Filter, spaces: Sequence[Space]
) -> AsyncIterator[list[Row]]:
    """The rows that count, the newest first: of the right types, and from those we do not block."""
    walk = reader.walk(Threads.name, start, next_prefix(start), reverse=True, spaces=spaces)
    async for rows in walk:
        counted = [row for row in rows if _counts(reader, kinds, Reply.of(row))]
        if counted:
            yield counted


def _counts(reader: Reader, kinds: Filter, reply: Reply) -> bool:
    if not kinds.counts(reply.type):
        return False
    return not reader.social.graph.is_blocking(reader.own, feed_id(reply.author))
