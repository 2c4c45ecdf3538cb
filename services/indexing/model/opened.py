"""The view of what private boxes for us hold: opened once, when they are folded, and kept apart.

Knows how it is packed. Read wherever a message's content is needed that was in a box.
"""

from collections.abc import Iterator

from common.feed.json import compact_utf8, parse
from common.feed.private import Opened
from services.indexing.model.message import PRIVATE, Message
from services.indexing.model.view import Row

__all__ = ["OpenedBoxes", "unpacked"]


class OpenedBoxes:
    """Position -> size of the slot, slot, content as JSON."""

    name = "opened"
    version = 1
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Row]:
        """One row for a message that is for us."""
        if message.opened is not None:
            slot = message.opened.slot
            value = bytes([len(slot)]) + slot + compact_utf8(message.opened.content)
            yield Row(message.position.to_bytes(8), value, PRIVATE)


def unpacked(value: bytes) -> Opened:
    """What a row of the view holds."""
    end = 1 + value[0]
    return Opened(parse(value[end:]), value[1:end])
