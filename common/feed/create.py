"""New messages: content, signed, at the end of one's own feed (ssb-validate's create).

Knows no clock and no store: `storage`, the only one that may extend an own feed, hands it both. Like the
reference it measures the message before it is signed; who appends it judges the result, all but the signature.
"""

from math import isnan

from common.crypto.keys import Keys
from common.feed.errors import RefusedContent, TooLong
from common.feed.json import Json, encode_utf8
from common.feed.message import MAX_UTF16, digest, sign_object
from common.feed.shape import check_members, is_encrypted
from common.feed.validate import TOO_LARGE, Head
from common.refs.ids import message_id

_MAX_MEASURED = (
    128 * MAX_UTF16
)  # to say by how much; deep nesting can grow without bound when indented


def create(
    head: Head | None, keys: Keys, hmac_key: bytes | None, content: Json, timestamp: float
) -> dict[str, Json]:
    """The next message of a feed, signed; `timestamp` in milliseconds.

    Raises:
        RefusedContent: no valid message can hold this content, timestamp or sequence.
    """
    if isnan(timestamp):
        raise RefusedContent("timestamp must be provided")
    if not isinstance(content, dict | list) and not is_encrypted(content):
        raise RefusedContent("invalid message content, must be object or encrypted string")
    message: dict[str, Json] = {
        "previous": None if head is None else message_id(head.key),
        "sequence": 1 if head is None else head.sequence + 1,
        "author": keys.id,
        "timestamp": timestamp,
        "hash": "sha256",
        "content": content,
    }
    try:
        _, units = digest(encode_utf8(message, limit=_MAX_MEASURED))
    except TooLong as error:
        raise RefusedContent(TOO_LARGE) from error
    if units > MAX_UTF16:
        raise RefusedContent(f"{TOO_LARGE}. Current size is {units}")
    if invalid := check_members(message):
        raise RefusedContent(invalid.reason)
    return sign_object(message, keys, hmac_key)
