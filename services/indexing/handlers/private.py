"""`private.unbox`: what is in a box or an envelope that a client holds.

Knows the method as ssb-private 1.1 has it; the keys are those of `boxes.py`. Called by the bus through `actor`.
"""

from typing import Any

from common.bus import Call
from common.feed import box2
from common.feed.shape import is_encrypted
from common.refs import is_feed, is_message
from services.indexing.boxes import Boxes

__all__ = ["PrivateHandlers"]

_MEMBERS = ("previous", "author", "sequence", "timestamp", "hash")


class PrivateHandlers:
    """The method, over the keys."""

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes

    async def unbox(self, call: Call) -> Any:
        """`private.unbox(message or box)`: the message open, or what is in the box; nothing where it is not for us.

        An envelope opens only in its message: it is bound to author and previous message.
        """
        given = call.args[0] if call.args else None
        if isinstance(given, str):
            return self._content(given, {})
        value = given.get("value") if isinstance(given, dict) else None
        boxed = value.get("content") if isinstance(value, dict) else None
        if not isinstance(given, dict) or not isinstance(value, dict) or not isinstance(boxed, str):
            return None
        content = self._content(boxed, value)
        if not content and not isinstance(content, dict | list):
            return None
        shown = {name: value[name] for name in _MEMBERS if name in value}
        opened = shown | {"content": content, "private": True}
        whole = {"key": given.get("key"), "value": opened, "timestamp": given.get("timestamp")}
        return {name: member for name, member in whole.items() if name == "value" or name in given}

    def _content(self, boxed: str, value: dict[str, Any]) -> Any:
        if not is_encrypted(boxed):
            return None
        author, previous = value.get("author"), value.get("previous")
        if boxed.endswith(box2.SUFFIX) and not (
            is_feed(author) and (previous is None or is_message(previous))
        ):
            return None
        opened = self._boxes.opens({"author": author, "previous": previous, "content": boxed})
        return None if opened is None else opened.content
