"""The views of the log: each a pure fold of one message into rows, with a name and a version.

Knows what rows a view keeps and how their keys sort; never knows the store, the bus or who asks. A view
whose version changed is folded again from the first message. Adding a view means adding a class here.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from common.feed.record import Record
from common.graph import Edge, edge_of
from common.refs import feed_id, raw

__all__ = ["VIEWS", "Contacts", "Message", "Row", "Times", "Types", "View", "ordered"]

MAX_TYPE = 32
"""UTF-16 units of a type that count (ssb-db indexes/links.js cuts there)."""
_SIGN = 1 << 63
_MASK = (1 << 64) - 1
_PRIVATE = b"p"


class Row(NamedTuple):
    """One key and value of a view."""

    key: bytes
    value: bytes


class Message(NamedTuple):
    """A record of the log with its position, its value parsed, and what a private box for us holds."""

    position: int
    record: Record
    value: dict[str, Any]
    opened: Any = None


class View(Protocol):
    """A fold from messages to rows; `version` changes whenever the rows of an old message would."""

    name: str
    version: int

    def rows(self, message: Message) -> Iterator[Row]:
        """The rows that one message adds or replaces."""
        ...


def ordered(number: float) -> bytes:
    """Eight bytes that sort as the numbers do."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", number))
    return int.to_bytes(bits ^ _MASK if bits & _SIGN else bits | _SIGN, 8)


class Types:
    """Messages by the type of their content, then by time received: `messagesByType`."""

    name = "types"
    version = 1

    @staticmethod
    def prefix(kind: str) -> bytes:
        """What the keys of one type begin with; none begins so where the type is longer than what counts."""
        units = kind.encode("utf-16-le", "surrogatepass")
        return bytes([min(len(units), 255)]) + units

    def rows(self, message: Message) -> Iterator[Row]:
        """One row: type, time received -> position."""
        content = message.value["content"]
        kind = content.get("type") if isinstance(content, dict) else None
        if isinstance(kind, str):
            units = kind.encode("utf-16-le", "surrogatepass")[: 2 * MAX_TYPE]
            key = bytes([len(units)]) + units + ordered(message.record.received)
            yield Row(key, message.position.to_bytes(8))


class Times:
    """Messages by the earlier of the times claimed and received: `createFeedStream`."""

    name = "times"
    version = 2

    @staticmethod
    def time(message: Message) -> float:
        """The time a message counts as (ssb-db indexes/feed.js); claims that are no number do not count."""
        claimed, received = message.value["timestamp"], message.record.received
        if isinstance(claimed, bool) or not isinstance(claimed, int | float) or not claimed:
            return received
        return min(float(claimed), received)

    def rows(self, message: Message) -> Iterator[Row]:
        """One row: time, author, position -> position; authors sort as their ids do, not as their bytes."""
        position = message.position.to_bytes(8)
        author = message.value["author"].encode()
        yield Row(ordered(self.time(message)) + author + position, position)


class Contacts:
    """What each feed last said about another, in public or to us: the follow graph."""

    name = "contacts"
    version = 2

    @staticmethod
    def edge(row: Row) -> Edge:
        """The edge that a row stands for."""
        value = int.from_bytes(row.value[:1], signed=True)
        return Edge(feed_id(row.key[:32]), feed_id(row.key[32:]), value)  # type: ignore[arg-type]

    @staticmethod
    def is_private(row: Row) -> bool:
        """Whether it was said in a private message."""
        return row.value[1:] == _PRIVATE

    def rows(self, message: Message) -> Iterator[Row]:
        """One row for a contact message: source, dest -> value; ids that name no key draw no edge."""
        said = message.value["content"] if message.opened is None else message.opened
        edge = edge_of(message.value["author"], said)
        if edge is not None and feed_id(raw(edge.dest)) == edge.dest:
            key = message.record.author + raw(edge.dest)
            mark = b"" if message.opened is None else _PRIVATE
            yield Row(key, edge.value.to_bytes(1, signed=True) + mark)


VIEWS: tuple[View, ...] = (Types(), Times(), Contacts())
