"""What is to be done still, over restarts: rows of `meta` that begin alike, from a key to what is known of it.

Knows where they stand; never what they are about. Each goes into the batch of what it belongs to. Made by `erasures` and
`losses`.
"""

from typing import Final

from common.store import Batch, Store, next_prefix

__all__ = ["Marks"]

FAMILY: Final = "meta"


class Marks:
    """The marks of one kind; no kind's name may begin another's."""

    def __init__(self, store: Store, kind: bytes) -> None:
        self._store = store
        self._kind = kind

    def all(self) -> dict[bytes, bytes]:
        """What stands, in the order of the keys."""
        scan = self._store.scan(FAMILY, self._kind, next_prefix(self._kind))
        return {key.removeprefix(self._kind): value for key, value in scan}

    def put(self, batch: Batch, key: bytes, value: bytes = b"") -> None:
        """Mark, when the batch is written."""
        batch.put(FAMILY, self._kind + key, value)

    def delete(self, batch: Batch, key: bytes) -> None:
        """Take a mark away, when the batch is written."""
        batch.delete(FAMILY, self._kind + key)
