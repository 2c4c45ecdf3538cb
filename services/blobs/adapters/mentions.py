"""Who mentions which blob, as far as the log was followed: kept in one write with the position in it.

Knows the families `mentions`, `wished` and `followed` of the database of the book; must never know the bus. Called by the
follower, and by the purge.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from common.feed.record import Record
from common.refs import BlobId, FeedId, raw
from common.refs.ids import blob_id
from common.store import Batch, Store, next_prefix
from services.blobs.model.mentions import Policy, mentioned, wished

__all__ = ["FAMILIES", "Mark", "Mentions"]

MENTIONS, WISHED, FOLLOWED = "mentions", "wished", "followed"
FAMILIES: Final = (MENTIONS, WISHED, FOLLOWED)
MARK, NEAR = b"mark", b"near"
RAW = 32
MAX_AUTHORS = 200
"""Authors of one blob that are looked at to find the nearest."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """How far the log was followed: the position of the last message, and its hash."""

    position: int
    key: bytes


class Mentions:
    """The index: blob -> authors, and author -> blobs that are wanted for its sake where the policy reaches so far."""

    def __init__(self, store: Store, own: FeedId, policy: Policy) -> None:
        self._store = store
        self._own = raw(own)
        self.policy = policy

    @property
    def mark(self) -> Mark | None:
        """How far the log was followed; None before its first message."""
        value = self._store.get(FOLLOWED, MARK)
        return None if value is None else msgspec.msgpack.decode(value, type=Mark)

    def forget(self) -> None:
        """Follow from the beginning; what was mentioned stays so."""
        batch = Batch()
        batch.delete(FOLLOWED, MARK)
        self._store.write(batch, sync=False)

    def take(self, position: int, records: Iterable[bytes]) -> list[tuple[bytes, BlobId]]:
        """Take records of the log, the last of them at a position; gives (author, blob) that the policy lets through."""
        batch, wishes, last = Batch(), [], b""
        for body in records:
            record = Record.parse(body)
            last = record.key
            blobs = mentioned(record.message)
            for blob in blobs:
                batch.put(MENTIONS, blob + record.author, b"")
            for blob in wished(record.message, blobs, self.policy):
                batch.put(WISHED, record.author + blob, b"")
                wishes.append((record.author, blob_id(blob)))
        batch.put(FOLLOWED, MARK, msgspec.msgpack.encode(Mark(position, last)))
        self._store.write(batch, sync=False)
        return wishes

    def is_near(self, author: bytes) -> bool:
        """Whether the mentions of a feed are wanted."""
        return self._store.get(FOLLOWED, NEAR + author) is not None

    def set_near(self, author: bytes, *, near: bool) -> None:
        """Remember that they are, or that they are not any more."""
        batch = Batch()
        if near:
            batch.put(FOLLOWED, NEAR + author, b"")
        else:
            batch.delete(FOLLOWED, NEAR + author)
        self._store.write(batch, sync=False)

    def is_ours(self, blob: bytes) -> bool:
        """Whether our own feed mentions a blob (its hash)."""
        return self._store.get(MENTIONS, blob + self._own) is not None

    def authors(self, blob: bytes) -> list[bytes]:
        """Who mentions a blob (its hash); of very many, some."""
        scan = self._store.scan(MENTIONS, blob, next_prefix(blob), limit=MAX_AUTHORS)
        return [key[RAW:] for key, _ in scan]

    def of(self, author: bytes) -> Iterator[BlobId]:
        """The blobs of one author that the policy lets through."""
        for key, _ in self._store.scan(WISHED, author, next_prefix(author)):
            yield blob_id(key[RAW:])
