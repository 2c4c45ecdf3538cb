"""Content that only some can read: message content as JSON in a private box, spelled `<base64>.box`.

Knows JSON and boxes, not which messages hold them. `storage` boxes what is published with recipients,
`indexing` opens what it finds. Behaves as ssb-keys 7.2.2 and 8.5.0 do.
"""

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from common.crypto import private_box, sodium
from common.crypto.keys import Keys, read_base64
from common.crypto.private_box import DEFAULT_RECIPIENTS, Randomness
from common.feed.json import Json, compact_utf8, parse
from common.refs.ids import FeedId, raw

SUFFIX = ".box"


@dataclass(frozen=True, slots=True)
class Opened:
    """Content out of a box, and what lets others open it: the slot (33 bytes), the read key (32) of an envelope."""

    content: Json
    slot: bytes = field(repr=False)
    #: The key (32 bytes) of the group that it was written to, where such a key opened it.
    group: bytes | None = field(default=None, repr=False)


def box(
    content: Json,
    recipients: Sequence[FeedId],
    randomness: Randomness,
    max_recipients: int = DEFAULT_RECIPIENTS,
) -> str:
    """Content that the recipients can open; the author is one only if named.

    Raises:
        ValueError: too many recipients, or an id whose key is no good point.
    """
    keys = [_exchange_public(feed) for feed in recipients]
    boxed = private_box.encrypt(compact_utf8(content), keys, randomness, max_recipients)
    return b2a_base64(boxed, newline=False).decode("ascii") + SUFFIX


def exchange_secret(keys: Keys) -> bytes:
    """The Curve25519 secret key (32 bytes) with which an identity opens boxes: made once, used often."""
    return sodium.convert_secret(keys.secret)


def unbox(boxed: str, secret: bytes) -> Opened | None:
    """Opens a box with a key of `exchange_secret`; None when not meant for it, damaged, or no JSON."""
    data = read_base64(boxed)
    slot = private_box.open_key(data, secret)
    return None if slot is None else _open(data, slot)


def unbox_with_slot(boxed: str, slot: bytes) -> Opened | None:
    """Opens a box by a slot that somebody opened before; None when it doesn't fit.

    Raises:
        ValueError: the slot hasn't 33 bytes.
    """
    return _open(read_base64(boxed), slot)


def secret_box(content: Json, key: bytes) -> bytes | None:
    """JSON in an XSalsa20-Poly1305 box under a 32-byte key, or None for what JavaScript calls falsy.

    The nonce is the key's first 24 bytes: a key must not be used twice.
    """
    if not content and not isinstance(content, list | dict):
        return None
    return sodium.box_seal(compact_utf8(content), key[: private_box.NONCE_BYTES], key)


def secret_unbox(boxed: bytes, key: bytes) -> Opened | None:
    """Opens what `secret_box` made; None when damaged, of another key, or no JSON."""
    if len(boxed) < private_box.TAG_BYTES:
        return None
    body = sodium.box_open(boxed, key[: private_box.NONCE_BYTES], key)
    return _read(body, key)


def _exchange_public(feed: FeedId) -> bytes:
    public = sodium.convert_public(raw(feed))
    if public is None:
        raise ValueError(f"nobody can read what is boxed for {feed}")
    return public


def _open(data: bytes, slot: bytes) -> Opened | None:
    return _read(private_box.open_body(data, slot), slot)


def _read(body: bytes | None, slot: bytes) -> Opened | None:
    if body is None:
        return None
    try:
        return Opened(parse(body), slot)
    except ValueError:
        return None
