"""What a message must look like, whatever feed it belongs to: ids, order of members, content.

The rules are those of ssb-validate 4.1.4 and ssb-ref 2.16.0 with their oddities, the texts of the
reasons too, because clients see them. Knows no state, hash or key. Called by `common.feed.validate` and
`common.feed.create`.
"""

import re
from binascii import a2b_base64
from typing import NamedTuple

from common.feed.json import Json, compact
from common.refs.ids import is_feed

SIGNATURE_END = 88  # of its base64
TAG_START = 45  # where a feed id's suffix begins

_MIN_SEQUENCE, _MAX_SEQUENCE = -(2**31), 2**31 - 1  # JavaScript's ~~ cuts to 32 bits
_MIN_TYPE, _MAX_TYPE = 3, 52  # UTF-16 units
_ORDERS = (
    ["previous", "sequence", "author", "timestamp", "hash", "content", "signature"],
    ["previous", "author", "sequence", "timestamp", "hash", "content", "signature"],
)

_DIGIT = "[a-zA-Z0-9/+]"
_LAST_OF_ONE = "AQgw"  # digits that end base64 before `==`, with no bits to spare
_LAST_OF_TWO = "AEIMQUYcgkosw048"  # the same before `=`
# 88 characters of canonical base64; only 64 bytes of it can hold, but the reference sees that late.
_SIGNATURE = re.compile(
    rf"{_DIGIT}{{85}}(?:[{_LAST_OF_ONE}]==|{_DIGIT}[{_LAST_OF_TWO}]=|{_DIGIT}{{3}})\.sig\."
)
_MESSAGE = re.compile(rf"%{_DIGIT}{{42}}[{_LAST_OF_TWO}]=\.sha256")
_BOX = re.compile(rf"({_DIGIT}*+)(={{0,2}})\.box[^\n\r\u2028\u2029]*+")


class Invalid(NamedTuple):
    """Why a message is refused; `fatal` when the reference gives up the sender's feed for it."""

    reason: str
    fatal: bool


NO_AUTHOR = Invalid("invalid message: must have author", fatal=False)
_OTHER_CURVE = Invalid("invalid message: signature type must match author type", fatal=False)
_ORDER = Invalid("message must have keys in allowed order", fatal=True)
_PROPERTIES = Invalid("message has invalid properties", fatal=False)


def check_identity(value: dict[str, Json]) -> Invalid | None:
    """Whether author and signature look like ids of one curve (the first steps of checkInvalidCheap)."""
    author = value.get("author")
    if not is_feed(author):
        return NO_AUTHOR
    tag = author[TAG_START:]
    signature = value.get("signature")
    if (
        tag[0] != "."
        or not isinstance(signature, str)
        or _SIGNATURE.match(signature) is None
        or signature[SIGNATURE_END:] != ".sig" + tag
    ):
        return _OTHER_CURVE
    return None


def check_form(value: dict[str, Json]) -> Invalid | None:
    """Whether the members of a signed message are the right ones in the right order, size aside."""
    if list(value) not in _ORDERS:
        return _ORDER
    return check_members(value)


def check_members(value: dict[str, Json]) -> Invalid | None:
    """Whether sequence, hash and content are what they must be (isInvalidShape, size and order aside)."""
    sequence = value["sequence"]
    content = value["content"]
    if (
        type(sequence) is not int
        or not _MIN_SEQUENCE <= sequence <= _MAX_SEQUENCE
        or value["hash"] != "sha256"
    ):
        return _PROPERTIES
    if isinstance(content, dict) and "type" in content:
        return check_type(content["type"])
    if isinstance(content, dict | list):
        return _wrong_type("undefined")
    return None if is_encrypted(content) else _PROPERTIES


def check_type(kind: Json) -> Invalid | None:
    """Whether a content's type is a string of 3 to 52 UTF-16 units."""
    if isinstance(kind, str):
        units = len(kind) if kind.isascii() else len(kind.encode("utf-16-le", "surrogatepass")) >> 1
        if _MIN_TYPE <= units <= _MAX_TYPE:
            return None
        return _wrong_type(kind)
    return _wrong_type(_shown(kind))


def is_encrypted(content: Json) -> bool:
    """Whether content is a private box: canonical base64 (even none), `.box`, and one line of anything."""
    if not isinstance(content, str) or (box := _BOX.fullmatch(content)) is None:
        return False
    digits, padding = box.groups()
    if (len(digits) + len(padding)) % 4:
        return False
    if padding == "=":
        return digits[-1] in _LAST_OF_TWO
    return not padding or digits[-1] in _LAST_OF_ONE


def previous_key(previous: Json) -> bytes | None:
    """The hash (32 bytes) that `previous` names, None when it names none.

    JavaScript compares it with `!=`, which sees through arrays of one element.
    """
    while isinstance(previous, list) and len(previous) == 1:
        previous = previous[0]
    if isinstance(previous, str) and _MESSAGE.fullmatch(previous) is not None:
        return a2b_base64(previous[1:TAG_START])
    return None


def _shown(value: Json) -> str:
    """The value as JavaScript joins it to a text."""
    if isinstance(value, list):
        return ",".join("" if one is None else _shown(one) for one in value)
    if isinstance(value, str):
        return value
    return "[object Object]" if isinstance(value, dict) else compact(value)


def _wrong_type(shown: str) -> Invalid:
    return Invalid(f"type must be a string3 <= type.length < 52, was:{shown}", fatal=False)
