"""The three ids of classic Scuttlebutt and their 32 raw bytes.

Knows the sigil form `@<base64>.ed25519`, `%<base64>.sha256`, `&<base64>.sha256` and nothing of what an id
names. Everyone calls it; at the edge of a process strings become ids here, once.
"""

import re
from binascii import a2b_base64, b2a_base64
from typing import NewType, TypeGuard

BlobId = NewType("BlobId", str)
FeedId = NewType("FeedId", str)
MessageId = NewType("MessageId", str)

RAW_BYTES = 32  # of an Ed25519 key and of a SHA-256

# The last of 43 digits carries four bits only, so that each id has one spelling (is-canonical-base64).
_KEY = r"[a-zA-Z0-9/+]{42}[AEIMQUYcgkosw048]="
# ssb-ref leaves the dot before the suffix unescaped: any one UTF-16 unit but a line break passes there.
_ANY = r"[^\n\r\u2028\u2029\U00010000-\U0010ffff]"
_FEED = re.compile(rf"@{_KEY}{_ANY}(?:sha256|ed25519)")
_MESSAGE = re.compile(rf"%{_KEY}{_ANY}sha256")
_BLOB = re.compile(rf"&{_KEY}{_ANY}sha256")
_CLOAKED = re.compile(rf"%{_KEY}{_ANY}cloaked")

# Ids of formats to come: any amount of canonical base64, any suffix of letters, digits and hyphens.
_DIGIT = "[a-zA-Z0-9/+]"
_OF_FORMAT = re.compile(
    rf"([@%&])(?:{_DIGIT}{{4}})*(?:{_DIGIT}(?:[AQgw]==|{_DIGIT}[AEIMQUYcgkosw048]=))?"
    r"\.[a-zA-Z0-9-]+"
)


def is_feed(value: object) -> TypeGuard[FeedId]:
    """Whether a value is the id of a feed, as ssb-ref 2.16.0 judges it (`.sha256` passes too)."""
    return isinstance(value, str) and _FEED.fullmatch(value) is not None


def is_message(value: object) -> TypeGuard[MessageId]:
    """Whether a value is the id of a message, as ssb-ref 2.16.0 judges it."""
    return isinstance(value, str) and _MESSAGE.fullmatch(value) is not None


def is_blob(value: object) -> TypeGuard[BlobId]:
    """Whether a value is the id of a blob, as ssb-ref 2.16.0 judges it."""
    return isinstance(value, str) and _BLOB.fullmatch(value) is not None


def is_cloaked_message(value: object) -> bool:
    """Whether a value is the id of a message that hides in a group (`.cloaked`)."""
    return isinstance(value, str) and _CLOAKED.fullmatch(value) is not None


def sigil_of_any_format(value: object) -> str | None:
    """The sigil of an id of any format, known or not (ssb-ref's isFeedType and its like), or None."""
    match = _OF_FORMAT.fullmatch(value) if isinstance(value, str) else None
    return match.group(1) if match else None


def feed_id(public: bytes) -> FeedId:
    """The id of the feed of an Ed25519 public key (32 bytes)."""
    return FeedId(f"@{_text(public)}.ed25519")


def message_id(digest: bytes) -> MessageId:
    """The id of a message from its hash (32 bytes)."""
    return MessageId(f"%{_text(digest)}.sha256")


def blob_id(digest: bytes) -> BlobId:
    """The id of a blob from its hash (32 bytes)."""
    return BlobId(f"&{_text(digest)}.sha256")


def raw(ref: str) -> bytes:
    """The 32 bytes within an id that one of the checks above has let pass.

    Raises:
        ValueError: what stands between sigil and suffix isn't 32 bytes of base64: a bug of the caller.
    """
    key = a2b_base64(ref[1:45])
    if len(key) != RAW_BYTES:
        raise ValueError(f"not an id: {ref!r}")
    return key


def _text(key: bytes) -> str:
    if len(key) != RAW_BYTES:
        raise ValueError(f"an id has {RAW_BYTES} bytes, not {len(key)}")
    return b2a_base64(key, newline=False).decode("ascii")
