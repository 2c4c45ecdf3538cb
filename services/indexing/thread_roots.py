"""The roots of threads in the order in which something was said in them.

Knows rows, messages and the follow graph; never what is made of a thread. Called by the views that answer `threads.*`.
"""

from collections.abc import AsyncIterator, Sequence

from common.feed.javascript import is_truthy
from common.refs import MessageId, message_id
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, Reader
from services.indexing.model.message import Message
from services.indexing.model.threads import Member, Threads, kind_of
from services.indexing.model.view import Row
from services.indexing.thread_options import Wanted

__all__ = ["Roots", "is_blocked", "is_public"]


class Roots:
    """One query's way through rows to the roots of their threads, each root once."""

    def __init__(self, reader: Reader, wanted: Wanted, seen: int) -> None:
        self._reader = reader
        self._wanted = wanted
        self._seen = seen
        self._known: set[MessageId] = set()

    async def of(
        self, walk: AsyncIterator[list[Row]], *, private: bool = False, replies: bool = False
    ) -> AsyncIterator[list[Message]]:
        """The roots that may be shown of the threads of these rows; also those that are replies themselves if wanted.

        Only threads that have replies are remembered: what has none comes once.
        """
        async for rows in walk:
            found = []
            for message in await self._candidates(rows):
                key = message_id(message.record.key)
                if key not in self._known and self._is_shown(message, private, replies):
                    found.append(message)
                if self._has_replies(key):
                    self._known.add(key)
            if found:
                yield found

    async def _candidates(self, rows: Sequence[Row]) -> list[Message]:
        """The roots of rows that count, in their order."""
        counted = [
            (row.position, member)
            for row in rows
            if row.position <= self._seen
            and self._wanted.filter.counts((member := Member.of(row)).type)
        ]
        named = dict.fromkeys(member.root for _, member in counted if member.root is not None)
        keys = [key for key in named if key not in self._known]
        by_key = dict(zip(keys, await self._reader.by_ids(keys), strict=True))
        self._known.update(key for key, one in by_key.items() if one is None)
        own = [position for position, member in counted if member.root is None]
        by_position = {one.position: one for one in await self._reader.messages(own)}
        found: dict[bytes, Message] = {}
        for position, member in counted:
            one = by_position.get(position) if member.root is None else by_key.get(member.root)
            if one is not None:
                found.setdefault(one.record.key, one)
        return list(found.values())

    def _is_shown(self, message: Message, private: bool, replies: bool) -> bool:
        content, author = message.content, message.value["author"]
        if not self._wanted.filter.begins(kind_of(content)) or is_public(message) == private:
            return False
        named = content if isinstance(content, dict) and not replies else {}
        if any(is_truthy(named.get(name)) for name in ("root", "branch", "fork")):
            return False
        if is_blocked(self._reader, message):
            return False
        graph, own = self._reader.social.graph, self._reader.own
        return not self._wanted.following or author == own or graph.is_following(own, author)

    def _has_replies(self, key: MessageId) -> bool:
        for start in (Threads.replies(key), Threads.forks(key)):
            rows = self._reader.scan(Threads.name, start, next_prefix(start), limit=1, spaces=BOTH)
            if next(rows, None) is not None:
                return True
        return False


def is_public(message: Message) -> bool:
    """Whether a message is for all: not out of a box, in none, and for no recipients (ssb-typescript's isPublic)."""
    content = message.content
    if message.opened is not None or not isinstance(content, dict):
        return False
    return not isinstance(content.get("recps"), list)


def is_blocked(reader: Reader, message: Message) -> bool:
    """Whether we block who wrote a message."""
    return reader.social.graph.is_blocking(reader.own, message.value["author"])
