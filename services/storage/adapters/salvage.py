"""Records that are damaged: what stands in their place, so that readers of the log go on, until they are mended.

Knows what a record must at least be; never whether its text is true. The database and the checker call it.
"""

from collections.abc import Sequence
from typing import Final

from common.feed.record import CLASSIC, HEADER_BYTES, pack_record
from common.store import Store, StoreDamaged

__all__ = ["NOTHING", "NO_KEY", "hole", "is_whole", "readable"]

NO_KEY: Final = bytes(32)
NOTHING: Final = pack_record(NO_KEY, bytes(32), 0, 0.0, b"")
"""At a position of the log where no record can be read: a header without a text, of nobody."""


def hole(author: bytes, sequence: int) -> bytes:
    """In a feed: a header without a text, as of a deleted message, so that the feed ends there for peers."""
    return pack_record(NO_KEY, author, sequence, 0.0, b"")


def is_whole(raw: bytes | None) -> bool:
    """Whether this is a record, as far as its form tells."""
    return raw is not None and len(raw) >= HEADER_BYTES and raw[0] == CLASSIC


def readable(store: Store, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
    """Values of many keys; None also where a value cannot be read."""
    try:
        return store.get_many(family, keys)
    except StoreDamaged:
        return [_one(store, family, key) for key in keys]


def _one(store: Store, family: str, key: bytes) -> bytes | None:
    try:
        return store.get(family, key)
    except StoreDamaged:
        return None
