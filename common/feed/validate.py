"""Which messages are valid, by themselves and after the one before them: ssb-validate 4.1.4.

Knows values, heads and the network's HMAC key; never where messages come from or go to. `replication`
and `storage` call it: `verify_raw` (no state, costly, on threads), then `follows` (state, cheap). A
message is taken if both agree, which is exactly when the reference's checkInvalid finds nothing; `check`
is that function in one piece, in its order.

One key, one feed: an author is taken in one spelling only. The reference lets ids end in `.sha256` or
in another character for the dot, but no such message passes its check of the signature, and base64 must
be canonical. So feeds may be keyed by id or by the 32 bytes alike, and every valid message is taken.
"""

import re
from binascii import a2b_base64
from collections.abc import Iterable
from math import nan
from typing import Any, NamedTuple

from common.crypto import sodium
from common.feed.errors import JsonError, TooLong
from common.feed.json import Json, compact_utf8, encode_utf8, is_plain, parse_marked
from common.feed.message import MAX_UTF16, digest
from common.feed.shape import (
    NO_AUTHOR,
    SIGNATURE_END,
    TAG_START,
    Invalid,
    check_form,
    check_identity,
    previous_key,
)
from common.refs.ids import FeedId, message_id

__all__ = [
    "HMAC_KEY_BYTES",
    "MAX_RAW",
    "TOO_LARGE",
    "Head",
    "Invalid",
    "Verified",
    "check",
    "check_out_of_order",
    "follows",
    "verify_batch",
    "verify_own",
    "verify_raw",
    "verify_value",
]

HMAC_KEY_BYTES = 32
TOO_LARGE = f"Encoded message must not be larger than {MAX_UTF16} bytes"
# An escape takes six bytes for a unit, and nobody sends that much white space.
MAX_RAW = 16 * MAX_UTF16

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RADIX = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
# What stands behind the content: separator, name, 100 characters of signature, end.
_SIGNATURE_MEMBER = len(',\n  "signature": ""\n}') + 100


class Head(NamedTuple):
    """The newest message of a feed: its hash (32 bytes) and its sequence, which begins at 1."""

    key: bytes
    sequence: int


class Verified(NamedTuple):
    """A message whose shape and signature hold.

    `key` is its hash, `previous` that of the one before (None: first of its feed), `timestamp` what the
    author claims (milliseconds, but any JSON may stand there after the first message), `compact` the
    text to store and serve (UTF-8).
    """

    key: bytes
    author: FeedId
    author_raw: bytes
    sequence: int
    previous: bytes | None
    timestamp: Json
    compact: bytes
    content: Json


def verify_raw(text: bytes, hmac_key: bytes | None) -> Verified | Invalid:
    """Judges one message as it came (JSON in UTF-8), as far as that goes without its feed.

    Invalid is what no state of its feed could make valid; `follows` decides the rest.
    """
    if len(text) > MAX_RAW:
        return Invalid(f"message text is longer than {MAX_RAW} bytes", fatal=False)
    try:
        value, plain = parse_marked(text)
    except JsonError as error:
        return Invalid(str(error), fatal=False)
    return _verify(value, hmac_key, plain=plain)


def verify_value(value: Json, hmac_key: bytes | None) -> Verified | Invalid:
    """`verify_raw` for a value that `parse` gave."""
    return _verify(value, hmac_key, plain=is_plain(value))


def verify_own(value: dict[str, Json]) -> Verified | Invalid:
    """`verify_value` for what `create` gave a moment ago: all but its signature, half of a publish's work.

    That it holds follows from the keys, whose halves were compared when they were read.
    """
    measured = check_identity(value) or check_form(value) or _measure(value, plain=is_plain(value))
    return measured if isinstance(measured, Invalid) else measured[0]


def verify_batch(texts: Iterable[bytes], hmac_key: bytes | None) -> list[Verified | Invalid]:
    """`verify_raw` of each, for a worker thread: nearly all of its time runs without the GIL."""
    return [verify_raw(text, hmac_key) for text in texts]


def follows(head: Head | None, message: Verified) -> Invalid | None:
    """Why a message doesn't follow its feed's head (None: the feed is empty); None when it does."""
    if head is None:
        return None if message.previous is None else _not_first("previous: null", message.author)
    if message.sequence != head.sequence + 1:
        return _gap(head, message.sequence, message.author)
    return None if message.previous == head.key else _fork(message.author)


def check(head: Head | None, value: Json, hmac_key: bytes | None) -> Verified | Invalid:
    """A value against its feed's head, in the steps and the order of ssb-validate's checkInvalid."""
    if not isinstance(value, dict):
        return NO_AUTHOR
    return (
        check_identity(value)
        or (_begins(value) if head is None else _continues(value, head))
        or check_form(value)
        or _authenticate(value, hmac_key, plain=is_plain(value))
    )


def check_out_of_order(value: Json, hmac_key: bytes | None) -> Verified | Invalid:
    """A message fetched by its id, of whose feed nothing is known (ssb-validate's checkInvalidOOO)."""
    if not isinstance(value, dict):
        return NO_AUTHOR
    if invalid := check_identity(value):
        return invalid
    if not _is_number(value.get("timestamp")):
        return Invalid(f"message must have timestamp, on feed:{value['author']}", fatal=True)
    judged = check_form(value) or _authenticate(value, hmac_key, plain=is_plain(value))
    return judged._replace(fatal=True) if isinstance(judged, Invalid) else judged


def _verify(value: Json, hmac_key: bytes | None, *, plain: bool) -> Verified | Invalid:
    if not isinstance(value, dict):
        return NO_AUTHOR
    judged = (
        check_identity(value)
        or _placeable(value)
        or check_form(value)
        or _authenticate(value, hmac_key, plain=plain)
    )
    if isinstance(judged, Verified) and judged.previous is None and judged.sequence > 1:
        return _fork(value["author"])  # `previous` can be no message's id
    return judged


def _placeable(value: dict[str, Json]) -> Invalid | None:
    """Whether the sequence fits a first or a later message, whichever `previous` makes it."""
    if value.get("previous", nan) is None:
        return _begins(value)
    sequence = value.get("sequence")
    if isinstance(sequence, int) and sequence <= 1:
        return _not_first("previous: null", value["author"])
    return None


def _begins(value: dict[str, Json]) -> Invalid | None:
    if value.get("previous", nan) is not None:
        return _not_first("previous: null", value["author"])
    if type(value.get("sequence")) is not int or value["sequence"] != 1:
        return _not_first("sequence: 1", value["author"])
    if not _is_number(value.get("timestamp")):
        return _not_first("timestamp", value["author"])
    return None


def _continues(value: dict[str, Json], head: Head) -> Invalid | None:
    if _loose_number(value.get("sequence")) != head.sequence + 1:
        return _gap(head, value.get("sequence"), value["author"])
    if previous_key(value.get("previous")) != head.key:
        return _fork(value["author"])
    return None


def _authenticate(
    value: dict[str, Any], hmac_key: bytes | None, *, plain: bool
) -> Verified | Invalid:
    """Size and signature of a message whose form has been found right, and what is known of it then."""
    measured = _measure(value, plain=plain)
    if isinstance(measured, Invalid):
        return measured
    known, encoded = measured
    signed = encoded[:-_SIGNATURE_MEMBER] + b"\n}"
    if hmac_key is not None:
        if len(hmac_key) != HMAC_KEY_BYTES:
            return Invalid("invalid HMAC key", fatal=True)
        signed = sodium.hmac_512_256(signed, hmac_key)
    signature = a2b_base64(value["signature"][:SIGNATURE_END])
    is_ed25519 = known.author[TAG_START:] == ".ed25519"
    if not is_ed25519 or not sodium.verify(known.author_raw, signature, signed):
        return Invalid("invalid signature", fatal=True)
    return known


def _measure(value: dict[str, Any], *, plain: bool) -> tuple[Verified, bytes] | Invalid:
    """What is known of a message if its signature holds, and its canonical text; or that it is too large."""
    try:
        compact = compact_utf8(value, plain=plain, limit=MAX_UTF16)
        encoded = encode_utf8(value, plain=plain, limit=MAX_UTF16)
    except TooLong:
        return Invalid(TOO_LARGE, fatal=False)
    key, units = digest(encoded)
    if units > MAX_UTF16:
        return Invalid(f"{TOO_LARGE}. Current size is {units}", fatal=False)
    author: FeedId = value["author"]
    known = Verified(
        key,
        author,
        a2b_base64(author[1:TAG_START]),
        value["sequence"],
        previous_key(value["previous"]),
        value["timestamp"],
        compact,
        value["content"],
    )
    return known, encoded


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _loose_number(value: Json) -> float:
    """A sequence as JavaScript's `!=` sees it; other than as a number it only delays the refusal."""
    while isinstance(value, list) and len(value) == 1 and not isinstance(value[0], bool):
        value = value[0]
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return nan
    text = value.strip()
    if _DECIMAL.fullmatch(text):
        return float(text)
    return int(text, 0) if _RADIX.fullmatch(text) else nan


def _not_first(must_have: str, author: Json) -> Invalid:
    return Invalid(f"initial message must have {must_have}, on feed:{author}", fatal=True)


def _gap(head: Head, sequence: Json, author: Json) -> Invalid:
    state = f'{{"id":"{message_id(head.key)}","sequence":{head.sequence}}}'
    return Invalid(
        f"invalid message: expected sequence {head.sequence + 1} but got:{sequence}"
        f"in state:{state}, on feed:{author}",
        fatal=False,
    )


def _fork(author: Json) -> Invalid:
    return Invalid(
        f"invalid message: expected different previous message, on feed:{author}", fatal=True
    )
