"""A message as the queries of flumedb's views see it: `{key, value, timestamp}`, opened where it was in a box for us.

Never knows who asks: what it gives is for the owner of the boxes. Called by the views that answer queries.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from common.feed.items import item_of
from common.feed.json import compact_utf8
from common.feed.opened import opened_members
from common.query.values import number
from common.refs import message_id
from services.indexing.model.message import Message

__all__ = ["Shown", "shown"]


class Shown(NamedTuple):
    """Something to give: its value, and how its text is had without making it from the value."""

    item: Any
    text: Callable[[], bytes] | None = None


def shown(message: Message, **more: Any) -> Shown:
    """A message to give, with more members behind the usual ones."""
    record = message.record
    item = {
        "key": message_id(record.key),
        "value": (
            message.value
            if message.opened is None
            else opened_members(message.value, message.opened)
        ),
        "timestamp": number(record.received),
        **more,
    }
    if message.opened is not None:
        return Shown(item)

    def text() -> bytes:
        return item_of(record, extra=b"," + compact_utf8(more)[1:-1] if more else b"")

    return Shown(item, text)
