"""A message as views fold it: its place in the log, its value parsed, and what a private box for us holds.

Knows records and boxes; never knows views or the store. Called by the fold and by whoever reads messages again.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import orjson

from common.feed.json import parse
from common.feed.links import ContentLink, links_in, say_the_same
from common.feed.private import Opened
from common.feed.record import Record

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "Message",
    "Opens",
    "Space",
    "claimed_in",
    "content_at",
    "parse_value",
]

Space: TypeAlias = bytes
PUBLIC: Space = b"\0"
PRIVATE: Space = b"\1"
"""Where rows of what only we can read are kept: apart from all others."""

_CLAIMED = b'"timestamp":'
"""Not to be found in what stands before it: ids and a number."""
_CONTENT = b',"hash":"sha256","content":'
_NUMBER = re.compile(rb"[0-9]{1,16}(?:\.[0-9]{1,16})?")

Opens: TypeAlias = Callable[[Mapping[str, Any]], Opened | None]
"""Opens the content of a message's value; None where it is no box, or not for us."""


class Message:
    """A record of the log with its position (from 1), its value, and what its box holds where it is for us.

    What several views need of it is worked out once. `content` is what the author said, out of the box where it was in one that
    we can open; `space` where rows about it belong: apart, when it came out of a box; `end` what keys of rows end with.
    """

    __slots__ = ("_links", "content", "end", "opened", "position", "record", "space", "value")

    def __init__(
        self, position: int, record: Record, value: Mapping[str, Any], opened: Opened | None = None
    ) -> None:
        self.position = position
        self.record = record
        self.value = value
        self.opened = opened
        self.content: Any = value["content"] if opened is None else opened.content
        self.space = PUBLIC if opened is None else PRIVATE
        self.end = position.to_bytes(8)
        self._links: tuple[ContentLink, ...] | None = None

    @property
    def links(self) -> tuple[ContentLink, ...]:
        """The links of the content."""
        found = self._links
        if found is None:
            found = self._links = tuple(links_in(self.content))
        return found

    @property
    def links_of_value(self) -> tuple[ContentLink, ...]:
        """The links of the value as a whole: where the content has no type, of members beside it."""
        if say_the_same(self.value, self.content):
            return self.links
        return tuple(links_in({**self.value, "content": self.content}))

    @property
    def time(self) -> float:
        """The time a message counts as: the earlier of claimed and received (ssb-db indexes/feed.js).

        Claims that are no number do not count.
        """
        claimed, received = self.value["timestamp"], self.record.received
        if isinstance(claimed, bool) or not isinstance(claimed, int | float) or not claimed:
            return received
        return min(float(claimed), received)

    def with_opened(self, opened: Opened | None) -> "Message":
        """The same as those see it who know this of its box."""
        return Message(self.position, self.record, self.value, opened)

    def sealed(self) -> "Message":
        """The same as those see it who cannot open it."""
        return self.with_opened(None)


def claimed_in(message: bytes) -> float | None:
    """The time that a message claims, seen in its text; None where it is no usual one, or the content is a box."""
    begin = message.find(_CLAIMED) + len(_CLAIMED)
    end = message.find(_CONTENT, begin)
    if end < 0 or message.startswith(b'"', end + len(_CONTENT)):
        return None
    return float(message[begin:end]) if _NUMBER.fullmatch(message, begin, end) else None


def content_at(message: bytes) -> int:
    """Where the content of a message begins of which `claimed_in` saw the time."""
    return message.index(_CONTENT) + len(_CONTENT)


def parse_value(message: bytes) -> dict[str, Any]:
    """A message's value; the log holds only what was proven to be one."""
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        value = parse(message)
    assert isinstance(value, dict)  # noqa: S101  an invariant of the log
    return value
