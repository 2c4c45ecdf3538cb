"""What a view is: a pure fold of one message into rows, with a name and a version; and how its keys sort.

Knows rows and keys; never knows the store, the bus or who asks. `services/indexing/views` has one file a view.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeAlias

from services.indexing.model.message import Message, Space

__all__ = ["Fields", "Row", "View", "number_in", "ordered", "text_key"]

Fields: TypeAlias = tuple[bytes, bytes, Space]
"""What a row is made of, for views that make many: key, value, space."""
_SIGN = 1 << 63
_MASK = (1 << 64) - 1
_POSITION = 8
_DOUBLE = struct.Struct(">d")


class Row(NamedTuple):
    """One key and value of a view; the key ends with the position of its message, so that no two messages share one."""

    key: bytes
    value: bytes
    space: Space

    @property
    def position(self) -> int:
        """The position in the log of the message that it is about."""
        return int.from_bytes(self.key[-_POSITION:])


class View(Protocol):
    """A fold from messages to rows.

    The rows of a message depend on nothing but the message, and no other message has the same keys: so a view is
    the same whatever order or how often it was folded in, and the rows of a deleted message can be found again.
    `version` changes whenever the rows of an old message would. `reads` are older versions whose rows the queries
    of this one understand: they go on answering while the new one is built beside them.
    """

    name: str
    version: int
    reads: frozenset[int]

    def rows(self, message: Message) -> Iterable[Fields]:
        """The rows of one message; those about what came out of a box belong into `message.space`."""
        ...


def ordered(number: float) -> bytes:
    """Eight bytes that sort as the numbers do."""
    bits = int.from_bytes(_DOUBLE.pack(number))
    return (bits ^ _MASK if bits & _SIGN else bits | _SIGN).to_bytes(8)


def number_in(key: bytes) -> float:
    """The number of which `ordered` made eight bytes."""
    bits = int.from_bytes(key)
    (number,) = _DOUBLE.unpack((bits ^ _SIGN if bits & _SIGN else bits ^ _MASK).to_bytes(8))
    return float(number)


def text_key(text: str) -> bytes:
    """A text within a key: sorts as the text's bytes in UTF-8 do, and no text begins another one."""
    written = text.encode("utf-8", "surrogatepass")
    return (written.replace(b"\0", b"\0\xff") if b"\0" in written else written) + b"\0\1"
