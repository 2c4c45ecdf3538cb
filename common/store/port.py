"""The ordered key-value store that everything durable stands on, as a small port.

Knows families (named, separate key spaces), byte keys in byte order, atomic batches. Never knows what
keys mean, nor that there are files: a cluster may stand behind it one day. Services call it from one
thread; a store has one writing process.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

__all__ = ["Batch", "Renewal", "Store", "next_prefix"]


class Batch:
    """Changes that become visible and durable together, in the order in which they were asked for.

    Keep it under 1,000 messages: while a batch is written no other Python thread runs.
    """

    __slots__ = ("operations",)

    def __init__(self) -> None:
        #: (family, key, value); a value of None deletes the key.
        self.operations: list[tuple[str, bytes, bytes | None]] = []

    def put(self, family: str, key: bytes, value: bytes) -> None:
        """Set a key to a value, whether it was there or not."""
        self.operations.append((family, key, value))

    def delete(self, family: str, key: bytes) -> None:
        """Remove a key, if it is there."""
        self.operations.append((family, key, None))

    def __len__(self) -> int:
        return len(self.operations)


class Renewal(Protocol):
    """Families that are written anew beside the old ones, which go on answering until the end.

    What is written to the store meanwhile goes into both.
    """

    def write(self, batch: Batch) -> None:
        """Put rows into the new families alone.

        Raises: KeyError for a family that is not renewed; StoreError.
        """
        ...

    def finish(self) -> None:
        """Let the new families take the place of the old ones, all or none, even when the process dies in the middle.

        The old files are removed without being read.

        Raises: StoreError.
        """
        ...

    def cancel(self) -> None:
        """Give the new families up; nothing has changed."""
        ...


class Store(Protocol):
    """A store that is open."""

    def get(self, family: str, key: bytes) -> bytes | None:
        """Value of one key, None where there is none.

        Raises: KeyError for a family the store was not opened with; StoreClosed.
        """
        ...

    def get_many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
        """Values of many keys, in the order of the keys."""
        ...

    def scan(
        self,
        family: str,
        start: bytes = b"",
        end: bytes | None = None,
        *,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < end in key order (backwards with `reverse`), at most `limit`.

        Lazy, and a view of one moment: what is written after this call is not seen. An open scan keeps
        old files alive, and the store too; a reader that pauses, to wait for credit say, stops it and
        begins another after its last key.

        Raises: KeyError, StoreClosed at once; StoreDamaged when a file turns out to be, at the latest at
        the end.
        """
        ...

    def write(self, batch: Batch, *, sync: bool) -> None:
        """Apply a batch, all of it or nothing, even when the process dies in the middle.

        With `sync` it (and everything before) survives a power cut too when this returns.

        Raises: KeyError for an unknown family (nothing is written); StoreFull (nothing of it counts; a
        later write may succeed); StoreError; StoreClosed.
        """
        ...

    def flush(self) -> None:
        """Make everything written so far survive a power cut."""
        ...

    def compact(self, family: str, start: bytes = b"", end: bytes | None = None) -> None:
        """Give back the room of what was deleted or overwritten from `start` to before `end`.

        May take long and reads and writes as usual meanwhile: the one call that may come from another thread. It
        must be over before `close`.

        Raises: KeyError, StoreError, StoreClosed.
        """
        ...

    def renew(self, families: Sequence[str]) -> Renewal:
        """Begin to write families anew, from nothing; one renewal at a time.

        For what compaction cannot do: the files may be unreadable in places.

        Raises: KeyError, StoreError, StoreClosed.
        """
        ...

    def size(self) -> int:
        """How many bytes it takes where it is kept, roughly."""
        ...

    def checkpoint(self, path: Path) -> None:
        """A consistent copy in a folder that does not exist yet: the primitive of a backup.

        Raises: StoreError, for a folder that exists or a store that has no files.
        """
        ...

    def close(self) -> None:
        """Let go of everything; a second time does nothing."""
        ...


def next_prefix(prefix: bytes) -> bytes | None:
    """The first key after all keys with this prefix: the `end` of a scan over it; None when there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None
