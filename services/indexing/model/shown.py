"""A message as the queries of flumedb's views see it: `{key, value, timestamp}`, opened where it was in a box for us.

Never knows who asks: what it gives is for the owner of the boxes. Called by the views that answer queries.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from common.feed.items import item_of, js_number
from common.feed.javascript import number
from common.feed.json import compact_utf8
from common.feed.opened import opened_members
from common.feed.record import Record
from common.refs import message_id
from services.indexing.model.message import Message, claimed_in

__all__ = ["Shown", "shown", "unread"]


class Shown(NamedTuple):
    """Something to give: a value, or its text as bytes; of a message as it was written its record, and what is behind it."""

    item: Any
    record: Record | None = None
    more: Mapping[str, Any] = {}

    def text(self) -> bytes | None:
        """Its text, where that need not be made from the value."""
        if self.record is None:
            return None
        extra = [
            b',"%b":%b' % (name.encode(), compact_utf8(one)) for name, one in self.more.items()
        ]
        return item_of(self.record, extra=b"".join(extra))


def unread(record: Record) -> Shown | None:
    """A message to give as it was written, with its time (`rts`) behind, unparsed; None where it has to be parsed."""
    claimed, received = claimed_in(record.message), record.received
    if claimed is None:
        return None
    time = min(claimed, received) if claimed else received
    return Shown(item_of(record, extra=b',"rts":%b' % js_number(time).encode()))


def shown(message: Message, **more: Any) -> Shown:
    """A message to give, with more members behind the usual ones."""
    record, opened = message.record, message.opened
    item = {
        "key": message_id(record.key),
        "value": message.value if opened is None else opened_members(message.value, opened),
        "timestamp": number(record.received),
    }
    if more:
        item |= more
    return Shown(item, record, more) if opened is None else Shown(item)
