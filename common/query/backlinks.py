"""What a message mentions anywhere in its content, as ssb-backlinks 2.1 indexes it: ids and channels.

Called by the view of `backlinks`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from math import isnan
from typing import Any

from common.feed.javascript import UNDEFINED, is_truthy, number, number_of
from common.query.values import length_of
from common.refs.ids import is_blob, is_cloaked_message, is_feed, is_message
from common.refs.links import normalize_channel

__all__ = ["destinations", "resolved_time"]

_CHANNEL = re.compile(r"#[^\s#\ufeff]+")
_MAX_CHANNEL = 30
_SIGILS: Mapping[str, Callable[[str], bool]] = {
    "@": is_feed,
    "&": is_blob,
    "%": lambda text: is_message(text) or is_cloaked_message(text),
}
_BEGINNINGS = frozenset("#@&%")
_MEMBER = "channel"
"""The member of content whose texts name channels without a sigil."""


def destinations(content: Any) -> list[str]:
    """Each id and channel that content mentions, once, in the order of the first mention."""
    found: dict[str, None] = {}
    if isinstance(content, str):
        _mention(found, content)
    elif isinstance(content, dict | list):
        members = content.items() if isinstance(content, dict) else enumerate(content)
        for name, member in members:
            texts = (member,) if isinstance(member, str) else _texts(member)
            for text in texts:
                if name == _MEMBER and (channel := normalize_channel(text)):
                    _mention(found, "#" + channel)  # as if it had been written with its sigil
                elif text[:1] in _BEGINNINGS:
                    _mention(found, text)
    return list(found)


def resolved_time(claimed: Any, received: float) -> Any:
    """The earlier of the times claimed and received; UNDEFINED where none is claimed.

    A claim may be anything, which JavaScript makes a number (NaN of most).
    """
    if not is_truthy(claimed):
        return UNDEFINED
    time = number_of(claimed)
    return time if isnan(time) else number(min(received, time))


def _mention(found: dict[str, None], text: str) -> None:
    """Add what a text mentions."""
    sigil = text[:1]
    if sigil == "#":
        if channel := _channel(text):
            found["#" + channel] = None
    elif sigil in _SIGILS and _SIGILS[sigil](text):
        found[text] = None


def _channel(text: str) -> str | None:
    if length_of(text) >= _MAX_CHANNEL:
        return None
    if _CHANNEL.fullmatch(text) is None:
        return None
    return normalize_channel(text[1:]) or "null"


def _texts(member: Any) -> Iterator[str]:
    """Each text in a member of content, in their order."""
    waiting: list[Any] = [member]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, dict):
            waiting += reversed(one.values())
