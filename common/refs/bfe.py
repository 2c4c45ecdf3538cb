"""Ids as bytes: one for the type, one for the format, then what the id names (SSB BFE; TFK in older texts).

Knows the few types that boxes for groups are bound to, and the URIs of post boxes; never what they name. Called by
`common.feed.box2`.
"""

from binascii import a2b_base64, b2a_base64
from typing import Final

from common.refs import uris
from common.refs.ids import RAW_BYTES, FeedId, MessageId, raw

FEED: Final = bytes((0, 0))
MESSAGE: Final = bytes((1, 0))
DIRECT_KEY: Final = bytes((3, 0))
PO_BOX_KEY: Final = bytes((3, 1))
PO_BOX: Final = bytes((7, 0))

_PO_BOX: Final = ("identity", "po-box")


def of_feed(feed: FeedId) -> bytes:
    """The 34 bytes of a classic feed."""
    return FEED + raw(feed)


def of_message(message: MessageId | None) -> bytes:
    """The 34 bytes of a classic message; of no message at all, 32 of them zero (envelope-spec, derive_secret)."""
    return MESSAGE + (bytes(RAW_BYTES) if message is None else raw(message))


def po_box(public: bytes) -> str:
    """The id of a post box from its Curve25519 public key (32 bytes): a URI."""
    data = b2a_base64(public, newline=False).translate(_URL_SAFE).decode("ascii")
    return f"ssb:{'/'.join(_PO_BOX)}/{data}"


def po_box_public(uri: object) -> bytes | None:
    """The public key (32 bytes) that the id of a post box holds; None for what is no such id."""
    if not isinstance(uri, str) or uris.kind_of(uri) != _PO_BOX:
        return None
    parts = uris.decompose(uri)
    try:
        public = b"" if parts is None else a2b_base64(parts.data)
    except ValueError:
        return None
    return public if len(public) == RAW_BYTES and po_box(public) == uri else None


_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
