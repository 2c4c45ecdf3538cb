"""The view of threads: which messages are part of one, by time, author, root and hashtag.

Knows what makes a message part of a thread, what its hashtags are, and by which time it counts, as ssb-threads 10.8 over
ssb-db2 has it; and how its keys sort. Never knows what a query makes of it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from common.refs import MessageId, is_message, message_id, raw
from services.indexing.model.message import Message
from services.indexing.model.view import Fields, Row, ordered, text_key

__all__ = [
    "Member",
    "Reply",
    "Threads",
    "hashtags_in",
    "kind_of",
    "label_of",
    "root_of",
    "spelled_in",
    "time_of",
]

MAX_TYPE = 64
"""Bytes in UTF-8 of a type that count."""
MAX_LABEL = 128
"""Bytes in UTF-8 of a hashtag: longer ones are not found."""
MAX_LABELS = 64
"""Hashtags of one message that are found."""

_TIMES, _AUTHORS, _REPLIES, _FORKS, _LABELS = b"t", b"a", b"r", b"f", b"h"
_DOT = 45
"""Where it stands in an id."""
_NOWHERE = b"-"
"""No key begins so."""
_HAS_ROOT, _HAS_TYPE, _HAS_LABEL = 1, 2, 4


class Member(NamedTuple):
    """A message as part of a thread: the thread's root (its own id where it is None), and its type (cut at MAX_TYPE)."""

    root: MessageId | None
    type: bytes | None
    labelled: bool

    @classmethod
    def of(cls, row: Row) -> "Member":
        """What a row by time, author or hashtag says."""
        flags, rest, root = row.value[0], row.value[1:], None
        if flags & _HAS_ROOT:
            root, rest = message_id(rest[:32]), rest[32:]
        return cls(root, rest if flags & _HAS_TYPE else None, bool(flags & _HAS_LABEL))


class Reply(NamedTuple):
    """A message that names a root or a fork: who wrote it, and of which type."""

    author: bytes
    type: bytes | None

    @classmethod
    def of(cls, row: Row) -> "Reply":
        """What a row by root or fork says."""
        kind = row.value[33:] if row.value[32] & _HAS_TYPE else None
        return cls(row.value[:32], kind)


class Threads:
    """t, time; a, author, time; h, hashtag, time -> flags, root, type; r, root, time; f, fork, time -> author, flags, type.

    All keys end with the position. The root of a thread is what a message forks from, else its root, else itself.
    """

    name = "threads"
    version = 2
    reads: frozenset[int] = frozenset()

    @staticmethod
    def times() -> bytes:
        """What the keys of all members begin with, in the order of their times."""
        return _TIMES

    @staticmethod
    def by(author: str) -> bytes:
        """What the keys of an author's members begin with."""
        return _AUTHORS + raw(author)

    @staticmethod
    def replies(root: str) -> bytes:
        """What the keys of messages begin with that name a root; of no message where it is no id of one."""
        known = _known(root)
        return _NOWHERE if known is None else _REPLIES + known

    @staticmethod
    def forks(root: str) -> bytes:
        """The same of those that fork from one and have another root."""
        known = _known(root)
        return _NOWHERE if known is None else _FORKS + known

    @staticmethod
    def labelled(label: str) -> bytes:
        """The same of those with a hashtag."""
        return _LABELS + text_key(label)

    @staticmethod
    def labels(beginning: str) -> bytes:
        """The same of those with a hashtag that begins so."""
        return _LABELS + text_key(beginning)[:-2]

    @staticmethod
    def label(row: Row) -> str:
        """The hashtag of a row by hashtag."""
        escaped = row.key[1 : row.key.index(b"\0\1")]
        return escaped.replace(b"\0\xff", b"\0").decode("utf-8", "surrogatepass")

    def rows(self, message: Message) -> Iterator[Fields]:
        """Two rows for each message that we can read, and more where it names a root, a fork, hashtags."""
        content = message.content
        if not isinstance(content, dict):
            return
        root, fork = _message_in(content, "root"), _message_in(content, "fork")
        labels = sorted(hashtags_in(content))[:MAX_LABELS]
        end, space = ordered(time_of(message)) + message.end, message.space
        author, kind = message.record.author, kind_of(content)
        has_type, written = (0, b"") if kind is None else (_HAS_TYPE, kind)
        target = fork or root
        flags = has_type | (_HAS_ROOT if target else 0) | (_HAS_LABEL if labels else 0)
        member = bytes((flags,)) + (raw(target) if target else b"") + written
        yield _TIMES + end, member, space
        yield _AUTHORS + author + end, member, space
        for label in labels:
            yield self.labelled(label) + end, member, space
        if target:
            reply = author + bytes((has_type,)) + written
            if root:
                yield self.replies(root) + end, reply, space
            if fork and fork != root:
                yield self.forks(fork) + end, reply, space


def kind_of(content: Any) -> bytes | None:
    """The type of a content as it is compared; None for no text."""
    kind = content.get("type") if isinstance(content, dict) else None
    return kind.encode("utf-8", "surrogatepass")[:MAX_TYPE] if isinstance(kind, str) else None


def root_of(content: Any) -> MessageId | None:
    """The root of the thread that content belongs to; None where it begins one."""
    if not isinstance(content, dict):
        return None
    return _message_in(content, "fork") or _message_in(content, "root")


def time_of(message: Message) -> float:
    """The time a message counts as in threads: the earlier of claimed and received, 0 is one too."""
    claimed, received = message.value["timestamp"], message.record.received
    is_time = isinstance(claimed, int | float) and not isinstance(claimed, bool)
    return min(float(claimed), received) if is_time else received


def hashtags_in(content: Mapping[str, Any]) -> set[str]:
    """The hashtags of a content, as they are compared: its channel, and what it mentions with a `#`."""
    channel = content.get("channel")
    if channel is None and "mentions" not in content:
        return set()
    named = [channel] if isinstance(channel, str) else []
    found = {label_of(one) for one in (*named, *_mentioned(content))}
    return {one for one in found if one and len(one.encode("utf-8", "surrogatepass")) <= MAX_LABEL}


def spelled_in(content: Any) -> list[str]:
    """The hashtags of a content as its author wrote them: its channel, or where it has none those it mentions."""
    if not isinstance(content, dict):
        return []
    channel = content.get("channel")
    named = [channel] if isinstance(channel, str) and channel else _mentioned(content)
    return [one for one in named if label_of(one)]


def _mentioned(content: Mapping[str, Any]) -> list[str]:
    mentions = content.get("mentions")
    links = [
        mention.get("link")
        for mention in (mentions if isinstance(mentions, list) else ())
        if isinstance(mention, dict)
    ]
    return [link for link in links if isinstance(link, str) and link.startswith("#")]


def label_of(hashtag: str) -> str:
    """A hashtag as it is compared: without its `#`, in lower case."""
    return hashtag.removeprefix("#").lower()


def _message_in(content: Mapping[str, Any], name: str) -> MessageId | None:
    """The id of a message in a member; other spellings of ids name none that there is."""
    value = content.get(name)
    if value is None:
        return None
    return value if is_message(value) and value[_DOT] == "." else None


def _known(root: str) -> bytes | None:
    """The 32 bytes of an id that a message can have: ssb-ref lets any character stand for the dot."""
    return raw(root) if is_message(root) and root[_DOT] == "." else None
