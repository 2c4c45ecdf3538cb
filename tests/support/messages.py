"""Single messages as views fold them."""

from typing import Any

import orjson

from common.feed.private import Opened
from common.feed.record import Record
from common.refs import feed_id
from services.indexing.model.message import Message
from services.indexing.model.view import Row, View

__all__ = ["AUTHOR", "message", "rows"]

AUTHOR = b"a" * 32


def message(
    content: Any,
    *,
    timestamp: Any = 5,
    received: float = 10.0,
    position: int = 3,
    opened: Any = None,
) -> Message:
    """A message of AUTHOR; `opened` is what its box holds, if it is for us."""
    value = {"author": feed_id(AUTHOR), "sequence": 1, "timestamp": timestamp, "content": content}
    record = Record(bytes(32), AUTHOR, 1, received, orjson.dumps(value))
    return Message(position, record, value, None if opened is None else Opened(opened, b"slot"))


def rows(view: View, one: Message) -> list[Row]:
    """The rows of a message."""
    return [Row(*fields) for fields in view.rows(one)]
