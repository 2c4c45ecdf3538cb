"""What must not be forgotten of blobs: what we want, and what is offered until enough peers have it.

Knows the database `scuttlebot/blobs`; must never know files. Called by the exchange. A damaged one is begun anew: wishes
can be wished again, and what is known of the files is gathered again; pins and takedowns are lost, which is said.
"""

from pathlib import Path

import msgspec

from common.refs import BlobId, FeedId
from common.refs.ids import blob_id, raw
from common.runtime.derived import open_derived
from common.store import Batch, Store
from services.blobs.adapters import catalogue, mentions

__all__ = ["MENTIONED", "Book", "open_book"]

FOLDER = Path("scuttlebot", "blobs")
WANTS, PUSHES = "wants", "pushes"
MENTIONED = b"m"
LOSS = "what was wanted, pinned and taken down is forgotten"


class Book:
    """The wants and pushes of before and of now."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.catalogue = catalogue.Catalogue(store)

    def wants(self) -> list[BlobId]:
        """What we want ourselves."""
        return [blob_id(key) for key, _ in self.store.scan(WANTS)]

    def pushes(self) -> dict[BlobId, dict[FeedId, int]]:
        """What is offered, and who has it."""
        kind = dict[FeedId, int]
        scan = self.store.scan(PUSHES)
        return {blob_id(key): msgspec.msgpack.decode(value, type=kind) for key, value in scan}

    def mentioned(self) -> list[BlobId]:
        """Of the wants those that are there for a message's sake alone."""
        return [blob_id(key) for key, value in self.store.scan(WANTS) if value == MENTIONED]

    def is_mentioned(self, blob: BlobId) -> bool:
        """Whether a want is there for a message's sake alone."""
        return self.store.get(WANTS, raw(blob)) == MENTIONED

    def want(self, blob: BlobId, value: bytes = b"") -> None:
        """Keep a want; MENTIONED where a message is why."""
        self._put(WANTS, blob, value)

    def push(self, blob: BlobId, peers: dict[FeedId, int]) -> None:
        """Keep what is offered."""
        self._put(PUSHES, blob, msgspec.msgpack.encode(peers))

    def end_want(self, blob: BlobId) -> None:
        """Forget a want."""
        self._delete(WANTS, blob)

    def end_push(self, blob: BlobId) -> None:
        """Forget what was offered."""
        self._delete(PUSHES, blob)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def _put(self, family: str, blob: BlobId, value: bytes) -> None:
        batch = Batch()
        batch.put(family, raw(blob), value)
        self.store.write(batch, sync=False)

    def _delete(self, family: str, blob: BlobId) -> None:
        batch = Batch()
        batch.delete(family, raw(blob))
        self.store.write(batch, sync=False)


def open_book(data: Path) -> Book:
    """Open the book of a data folder.

    Raises: StartError when it is locked or the folder cannot be used; NotNow when the disk is full.
    """
    families = (WANTS, PUSHES, *catalogue.FAMILIES, *mentions.FAMILIES)
    return Book(open_derived(data / FOLDER, families, LOSS))
