"""Private boxes (box1): one body, a slot for each recipient, nothing that tells who they are.

A box is nonce (24 bytes), one-time Curve25519 key (32), a slot of 49 bytes for each recipient, the boxed
body. A slot holds the number of slots and the body's key. Over bytes; `common.feed.private` puts message
content into it. Random values are arguments, as the whole package demands. The rules are private-box 0.3.1's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.crypto import sodium

NONCE_BYTES = 24
KEY_BYTES = 32
TAG_BYTES = 16
DEFAULT_RECIPIENTS = 7  # that a box has at most unless both sides agree on more
MAX_RECIPIENTS = 255  # their number is one byte

_HEADER = NONCE_BYTES + KEY_BYTES
_SLOT = 1 + KEY_BYTES + TAG_BYTES


@dataclass(frozen=True, slots=True)
class Randomness:
    """What makes a box unlike any other: fresh for each, never used twice."""

    nonce: bytes
    body_key: bytes = field(repr=False)
    onetime_secret: bytes = field(repr=False)

    @classmethod
    def cut(cls, entropy: bytes) -> "Randomness":
        """From `ENTROPY_BYTES` random bytes."""
        return cls(entropy[:NONCE_BYTES], entropy[NONCE_BYTES:_HEADER], entropy[_HEADER:])


ENTROPY_BYTES = NONCE_BYTES + 2 * KEY_BYTES


def encrypt(
    message: bytes,
    recipients: Sequence[bytes],
    randomness: Randomness,
    max_recipients: int = DEFAULT_RECIPIENTS,
) -> bytes:
    """A box that the owners of the given Curve25519 public keys can open.

    Raises:
        ValueError: too many recipients, an impossible maximum, or a recipient's key of small order.
    """
    limit = _limit(max_recipients)
    if len(recipients) > limit:
        raise ValueError(f"max recipients is:{limit} found:{len(recipients)}")
    nonce, secret = randomness.nonce, randomness.onetime_secret
    slot = bytes([len(recipients)]) + randomness.body_key
    slots = [sodium.box_seal(slot, nonce, _shared(secret, public)) for public in recipients]
    body = sodium.box_seal(message, nonce, randomness.body_key)
    return b"".join([nonce, sodium.scalarmult_base(secret), *slots, body])


def open_key(boxed: bytes, secret: bytes, max_recipients: int = DEFAULT_RECIPIENTS) -> bytes | None:
    """The opened slot (33 bytes: number of slots, body key) of a Curve25519 secret key, or None.

    One slot more than the maximum is tried, as the reference does.

    Raises:
        ValueError: an impossible maximum.
    """
    limit = _limit(max_recipients)
    end = len(boxed) - TAG_BYTES
    if end < _HEADER + _SLOT:
        return None
    nonce = boxed[:NONCE_BYTES]
    key = sodium.scalarmult(secret, boxed[NONCE_BYTES:_HEADER])
    if key is None:
        return None
    last = min(_HEADER + _SLOT * limit, end - _SLOT)
    for start in range(_HEADER, last + 1, _SLOT):
        slot = sodium.box_open(boxed[start : start + _SLOT], nonce, key)
        if slot is not None:
            return slot
    return None


def open_body(boxed: bytes, slot: bytes) -> bytes | None:
    """The message of a box by one of its opened slots (33 bytes), or None when damaged.

    Raises:
        ValueError: a slot of another length, so not from `open_key`.
    """
    if len(slot) != 1 + KEY_BYTES:
        raise ValueError(f"an opened slot has {1 + KEY_BYTES} bytes, not {len(slot)}")
    body = boxed[_HEADER + slot[0] * _SLOT :]
    if len(body) < TAG_BYTES:
        return None
    return sodium.box_open(body, boxed[:NONCE_BYTES], slot[1:])


def decrypt(boxed: bytes, secret: bytes, max_recipients: int = DEFAULT_RECIPIENTS) -> bytes | None:
    """The message of a box with a slot for this Curve25519 secret key, or None.

    Raises:
        ValueError: an impossible maximum.
    """
    slot = open_key(boxed, secret, max_recipients)
    return None if slot is None else open_body(boxed, slot)


def _limit(max_recipients: int) -> int:
    limit = max_recipients or DEFAULT_RECIPIENTS
    if not 1 <= limit <= MAX_RECIPIENTS:
        raise ValueError("max recipients must be between 0 and 255.")
    return limit


def _shared(secret: bytes, public: bytes) -> bytes:
    key = sodium.scalarmult(secret, public)
    if key is None:
        raise ValueError("a recipient's key is of small order")
    return key
