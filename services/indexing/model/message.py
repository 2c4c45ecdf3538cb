"""A message as views fold it: its place in the log, its value parsed, and what a private box for us holds.

Knows records and boxes; never knows views or the store. Called by the fold and by whoever reads messages again.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import orjson

from common.feed.json import parse
from common.feed.private import Opened
from common.feed.record import Record

__all__ = ["PRIVATE", "PUBLIC", "Message", "Opens", "Space", "parse_value"]

Space: TypeAlias = bytes
PUBLIC: Space = b"\0"
PRIVATE: Space = b"\1"
"""Where rows of what only we can read are kept: apart from all others."""

Opens: TypeAlias = Callable[[Mapping[str, Any]], Opened | None]
"""Opens the content of a message's value; None where it is no box, or not for us."""


class Message(NamedTuple):
    """A record of the log with its position (from 1), its value, and what its box holds where it is for us."""

    position: int
    record: Record
    value: Mapping[str, Any]
    opened: Opened | None = None

    @property
    def content(self) -> Any:
        """What the author said: out of the box where it was in one that we can open."""
        return self.value["content"] if self.opened is None else self.opened.content

    @property
    def space(self) -> Space:
        """Where rows about the content belong: apart, when it came out of a box."""
        return PUBLIC if self.opened is None else PRIVATE

    @property
    def time(self) -> float:
        """The time a message counts as: the earlier of claimed and received (ssb-db indexes/feed.js).

        Claims that are no number do not count.
        """
        claimed, received = self.value["timestamp"], self.record.received
        if isinstance(claimed, bool) or not isinstance(claimed, int | float) or not claimed:
            return received
        return min(float(claimed), received)

    def sealed(self) -> "Message":
        """The same as those see it who cannot open it."""
        return self._replace(opened=None)


def parse_value(message: bytes) -> dict[str, Any]:
    """A message's value; the log holds only what was proven to be one."""
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        value = parse(message)
    assert isinstance(value, dict)  # noqa: S101  an invariant of the log
    return value
