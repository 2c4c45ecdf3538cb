"""Which key opens an envelope's slot for whom: ourselves, another feed, a group, a post box.

Knows identities and schemes; never messages, nor who was told which key (`common.feed.keyring`). The rules are those
of private-group-spec.
"""

from typing import Final

from common.crypto import hkdf, sodium
from common.crypto.envelope import SlotKey
from common.crypto.keys import SEED_BYTES, Keys
from common.crypto.shared_key import DIRECT, PO_BOX, Side, shared_keys
from common.refs import bfe
from common.refs.ids import FeedId, raw

__all__ = [
    "GROUP",
    "direct_keys",
    "group_key",
    "own_key",
    "po_box_keys",
    "po_box_keys_inside",
    "self_key",
]

GROUP: Final = "envelope-large-symmetric-group"
_SELF: Final = "envelope-symmetric-key-for-self"
_SELF_PURPOSE: Final = b"scuttlebot: box2 key for ourselves, 1"


def group_key(key: bytes) -> SlotKey:
    """The key (32 bytes) of a group, as it opens a slot."""
    return SlotKey(key, GROUP)


def self_key(key: bytes) -> SlotKey:
    """A key (32 bytes) that only we have, as it opens a slot."""
    return SlotKey(key, _SELF)


def own_key(keys: Keys) -> SlotKey:
    """The key under which we seal what we send, for ourselves.

    The specification leaves it open and the reference draws it at random; here it grows from the identity, so that
    whoever still has that (a mnemonic, say) and the log can read everything again.
    """
    return self_key(hkdf.expand(hkdf.extract(_SELF_PURPOSE, keys.secret[:SEED_BYTES]), b"self"))


def direct_keys(keys: Keys, other: FeedId) -> list[SlotKey]:
    """The key that we share with another feed, first as the network has it; none with one that is no good point."""
    theirs = _side_of_feed(other)
    if theirs is None:
        return []
    return shared_keys(DIRECT, sodium.convert_secret(keys.secret), _own_side(keys), theirs)


def po_box_keys(keys: Keys, po_box: str) -> list[SlotKey]:
    """The key that we share with a post box, by its id; none with one that is no good point.

    Raises:
        ValueError: that is no id of a post box.
    """
    secret, mine = sodium.convert_secret(keys.secret), _own_side(keys)
    return shared_keys(PO_BOX, secret, mine, _side_of_po_box(po_box))


def po_box_keys_inside(secret: bytes, author: FeedId) -> list[SlotKey]:
    """The same key, for who has the secret (32 bytes) of the post box."""
    theirs = _side_of_feed(author)
    if theirs is None:
        return []
    mine = _side_of_po_box(bfe.po_box(sodium.scalarmult_base(secret)))
    return shared_keys(PO_BOX, secret, mine, theirs)


def _own_side(keys: Keys) -> Side:
    side = _side_of_feed(keys.id)
    assert side is not None  # noqa: S101  a key made by libsodium is a good point
    return side


def _side_of_feed(feed: FeedId) -> Side | None:
    public = sodium.convert_public(raw(feed))
    return None if public is None else Side(bfe.DIRECT_KEY + public, bfe.of_feed(feed))


def _side_of_po_box(po_box: str) -> Side:
    public = bfe.po_box_public(po_box)
    if public is None:
        raise ValueError(f"not the id of a post box: {po_box}")
    return Side(bfe.PO_BOX_KEY + public, bfe.PO_BOX + public)
