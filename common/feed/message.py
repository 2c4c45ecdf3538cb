"""Ids and signatures of messages: what exactly is hashed, and what is signed.

A message is hashed over its canonical text with the signature, one byte for each UTF-16 unit (the low
one: Node's "binary"); its author signs the UTF-8 of the canonical text without it. Knows no feed and no
rule of validity (`common.feed.validate`).
"""

from hashlib import sha256

from common.crypto.keys import Keys, sign
from common.feed.json import Json, encode_utf8
from common.refs import ids
from common.refs.ids import MessageId

MAX_UTF16 = 8192  # units in the canonical text of a signed message (ssb-validate 4.1.4)


def digest(encoded: bytes) -> tuple[bytes, int]:
    """Hash (32 bytes) and length in UTF-16 units of a canonical text, given as UTF-8."""
    if encoded.isascii():
        return sha256(encoded).digest(), len(encoded)
    units = encoded.decode().encode("utf-16-le")
    return sha256(units[::2]).digest(), len(units) >> 1


def message_id(value: Json) -> MessageId:
    """The id of a message from its value, which nobody needs to have found valid (ssb-validate id)."""
    return ids.message_id(digest(encode_utf8(value))[0])


def sign_object(value: dict[str, Json], keys: Keys, hmac_key: bytes | None) -> dict[str, Json]:
    """A copy with the signature of its canonical text as last member `signature` (ssb-keys signObj).

    A signature that is there already is signed with the rest and replaced; `__proto__` is left out, as
    JavaScript's copy of an object loses it.
    """
    copy = {name: member for name, member in value.items() if name != "__proto__"}
    return {**copy, "signature": sign(keys, encode_utf8(copy), hmac_key)}
