"""Envelopes (box2): one body, a slot of 32 bytes for each key that opens it, bound to their place in one feed.

An envelope is the header's box (32 bytes), the slots, the body's box. A slot is the message key, hidden by a key
that whoever opens it has; nothing in it tells whose it is. All keys are derived from the message key and from the
author and previous message, so that each is used once and nonces are zero. Over bytes; `common.feed.box2` puts message
content into it. The message key is an argument, as the whole package demands. The rules are those of envelope-spec
1.0.0 and envelope-js 1.3.2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from common.crypto import sodium
from common.crypto.hkdf import KEY_BYTES, expand

__all__ = [
    "KEY_BYTES",
    "MAX_SLOTS",
    "Context",
    "Found",
    "SlotKey",
    "box",
    "cloaked_id",
    "derive",
    "open_body",
    "open_key",
    "read_key",
    "slot",
    "slp",
]

TAG_BYTES = 16
MAX_SLOTS = 16  # private-group-spec, recipient restrictions

_HEADER = 32  # its box: tag, then offset of the body (2 bytes), flags, 13 bytes for extensions
_NONCE = bytes(24)
_READ, _HEAD, _BODY, _SLOT = b"read_key", b"header_key", b"body_key", b"slot_key"


def slp(parts: Iterable[bytes]) -> bytes:
    """Parts of at most 65,535 bytes, each behind its length (shallow length-prefixed encoding)."""
    return b"".join(len(part).to_bytes(2, "little") + part for part in parts)


@dataclass(frozen=True, slots=True)
class SlotKey:
    """A key (32 bytes) that opens a slot, and the scheme by which both sides have it."""

    key: bytes = field(repr=False)
    scheme: str


@dataclass(frozen=True, slots=True)
class Context:
    """Where an envelope stands: what every key in it is derived with."""

    prefix: bytes

    @classmethod
    def of(cls, feed: bytes, previous: bytes) -> "Context":
        """From the author and the previous message, each as `common.refs.bfe` writes it."""
        return cls(slp((b"envelope", feed, previous)))


class Found(NamedTuple):
    """What opens an envelope: its read key (32 bytes), and by which key it was found."""

    reading: bytes
    by: SlotKey


def derive(key: bytes, context: Context, *labels: bytes) -> bytes:
    """The key (32 bytes) that `labels` name, from another one."""
    return expand(key, context.prefix + slp(labels))


def read_key(message_key: bytes, context: Context) -> bytes:
    """The key that opens header and body, but gives away no slot."""
    return derive(message_key, context, _READ)


def slot(secret: bytes, recipient: SlotKey, context: Context) -> bytes:
    """A slot from its message key; and the message key again from its slot."""
    return _xor(secret, _mask(recipient, context))


def box(plain: bytes, context: Context, message_key: bytes, recipients: Sequence[SlotKey]) -> bytes:
    """An envelope that each of the given keys opens.

    Raises:
        ValueError: nothing to box, a message key of zeros, or more than 16 recipients.
    """
    if not plain:
        raise ValueError("an envelope holds at least one byte")
    if not any(message_key):
        raise ValueError("a message key is random")
    if len(recipients) > MAX_SLOTS:
        raise ValueError(f"max recipients is:{MAX_SLOTS} found:{len(recipients)}")
    reading = read_key(message_key, context)
    offset = _HEADER + KEY_BYTES * len(recipients)
    header = offset.to_bytes(2, "little") + bytes(_HEADER - TAG_BYTES - 2)
    return b"".join(
        [
            sodium.box_seal(header, _NONCE, derive(reading, context, _HEAD)),
            *(slot(message_key, one, context) for one in recipients),
            sodium.box_seal(plain, _NONCE, derive(reading, context, _BODY)),
        ]
    )


def open_key(
    boxed: bytes, context: Context, trials: Iterable[SlotKey], max_slots: int = MAX_SLOTS
) -> Found | None:
    """The read key by the first key that opens one of the first slots; None where none does."""
    header, end = boxed[:_HEADER], len(boxed) - TAG_BYTES - KEY_BYTES
    places = islice(range(_HEADER, end, KEY_BYTES), max_slots)
    slots = [int.from_bytes(boxed[at : at + KEY_BYTES], "big") for at in places]
    to_read, to_head = context.prefix + slp((_READ,)), context.prefix + slp((_HEAD,))
    for trial in (
        trials
    ):  # the one hot loop: each key that may open an envelope is tried on each of its slots
        mask = int.from_bytes(_mask(trial, context), "big")
        for hidden in slots:
            reading = expand((hidden ^ mask).to_bytes(KEY_BYTES, "big"), to_read)
            if sodium.box_open(header, _NONCE, expand(reading, to_head)) is not None:
                return Found(reading, trial)
    return None


def open_body(boxed: bytes, context: Context, reading: bytes) -> bytes | None:
    """What is in an envelope, by its read key; None when it is not its key, or the envelope is damaged."""
    header = boxed[:_HEADER]
    if len(header) < _HEADER:
        return None
    opened = sodium.box_open(header, _NONCE, derive(reading, context, _HEAD))
    if opened is None:
        return None
    body = boxed[int.from_bytes(opened[:2], "little") :]
    if len(body) < TAG_BYTES:
        return None
    return sodium.box_open(body, _NONCE, derive(reading, context, _BODY))


def cloaked_id(message: bytes, reading: bytes) -> bytes:
    """The 32 bytes by which those who can read a message name it before others (`message` as BFE)."""
    return expand(reading, slp((b"cloaked_msg_id", message)))


def _mask(recipient: SlotKey, context: Context) -> bytes:
    return derive(recipient.key, context, _SLOT, recipient.scheme.encode())


def _xor(one: bytes, other: bytes) -> bytes:
    mixed = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return mixed.to_bytes(KEY_BYTES, "big")
