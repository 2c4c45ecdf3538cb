"""Content that only some can read, in an envelope: `<base64>.box2`, bound to its author and the message before it.

Knows JSON, envelopes and ids; never who holds which key (`common.feed.keyring`). Behaves as ssb-box2 7.5.0 and
ssb-tribes 4.0.1 do.
"""

from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from common.crypto import envelope
from common.crypto.envelope import Context, Found, SlotKey
from common.crypto.keys import read_base64
from common.feed.box2_keys import GROUP
from common.feed.json import Json, compact_utf8, parse
from common.feed.private import Opened
from common.refs import bfe
from common.refs.ids import FeedId, MessageId

__all__ = [
    "GROUP_SLOTS",
    "SUFFIX",
    "context_of",
    "find_key",
    "group_id",
    "seal",
    "unbox",
    "unbox_with_key",
]

SUFFIX: Final = ".box2"
GROUP_SLOTS: Final = 1
"""A group's key is in the first slot, if anywhere (private-group-spec, recipient restrictions)."""


def context_of(author: FeedId, previous: MessageId | None) -> Context:
    """What the keys of a message are bound to."""
    return Context.of(bfe.of_feed(author), bfe.of_message(previous))


def seal(content: Json, context: Context, message_key: bytes, recipients: Sequence[SlotKey]) -> str:
    """Content that each of the keys opens; `message_key` is random (32 bytes), fresh for each message.

    Raises:
        ValueError: more than 16 recipients.
    """
    boxed = envelope.box(compact_utf8(content), context, message_key, recipients)
    return b2a_base64(boxed, newline=False).decode("ascii") + SUFFIX


def find_key(
    boxed: str, context: Context, trials: Iterable[SlotKey], max_slots: int = envelope.MAX_SLOTS
) -> Found | None:
    """The key that reads an envelope, by the first of `trials` that opens one of its slots."""
    return envelope.open_key(read_base64(boxed), context, trials, max_slots)


def unbox(
    boxed: str, context: Context, trials: Iterable[SlotKey], max_slots: int = envelope.MAX_SLOTS
) -> Opened | None:
    """Opens an envelope with the first of `trials` that fits; None where none does, damaged, or no JSON."""
    found = find_key(boxed, context, trials, max_slots)
    opened = None if found is None else unbox_with_key(boxed, context, found.reading)
    if found is None or opened is None or found.by.scheme != GROUP:
        return opened
    return replace(opened, group=found.by.key)


def unbox_with_key(boxed: str, context: Context, reading: bytes) -> Opened | None:
    """Opens an envelope by its read key (32 bytes); None when it doesn't fit."""
    body = envelope.open_body(read_base64(boxed), context, reading)
    if body is None:
        return None
    try:
        return Opened(parse(body), reading)
    except ValueError:
        return None


def group_id(init: MessageId, reading: bytes) -> str:
    """The id of a group, from the message that began it and the key (32 bytes) that reads this one."""
    cloaked = envelope.cloaked_id(bfe.of_message(init), reading)
    return f"%{b2a_base64(cloaked, newline=False).decode('ascii')}.cloaked"
