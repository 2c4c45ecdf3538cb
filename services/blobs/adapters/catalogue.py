"""What is known of each blob beside its bytes, which ones are pinned by hand, and which are taken down.

Knows the families `blobs`, `pins` and `takedowns` of the database of the book; must never know files, nor why something
is removed. Called by the exchange, the handlers and the purge.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from common.bus import CallerError
from common.refs import BlobId
from common.refs.ids import raw
from common.runtime.clock import wall_ms
from common.store import Batch, Store

__all__ = ["FAMILIES", "Catalogue", "Entry", "Takedown"]

BLOBS, PINS, TAKEDOWNS = "blobs", "pins", "takedowns"
FAMILIES: Final = (BLOBS, PINS, TAKEDOWNS)
USED_EVERY_MS = 3_600_000
"""How exact the time of the last use is: a blob that is read all the time costs one write an hour."""
MAX_PINS = 100_000
"""Held in memory, some 150 bytes each."""
MAX_TAKEDOWNS = 100_000
MAX_REASON = 1_000
"""Characters of the reason of a takedown."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One blob: size in bytes; when it was first seen and last used, in ms since 1970; from whom it came.

    `source` is the feed that gave it, or empty: our own client, or who filled the folder before us (not `own`).
    `asker` is who it was fetched for: a feed, or empty for ourselves. `own` is what our own client added.
    """

    size: int
    since: float
    used: float
    source: str = ""
    asker: str = ""
    own: bool = False


class Takedown(msgspec.Struct, frozen=True, array_like=True):
    """Why and when (ms since 1970) a blob was taken down."""

    reason: str
    at: float


class Catalogue:
    """The entries, the pins and the takedowns."""

    def __init__(self, store: Store, now: Callable[[], float] = wall_ms) -> None:
        self._store = store
        self._now = now
        self._entries = msgspec.msgpack.Decoder(Entry)
        self._pins = {key for key, _ in store.scan(PINS)}
        self._takedowns = {
            key: msgspec.msgpack.decode(value, type=Takedown)
            for key, value in store.scan(TAKEDOWNS)
        }

    @property
    def takedowns(self) -> Mapping[bytes, Takedown]:
        """What is refused, by hash; to be read only."""
        return self._takedowns

    def entry(self, blob: BlobId) -> Entry | None:
        """What is known of a blob; None when nothing is."""
        value = self._store.get(BLOBS, raw(blob))
        return None if value is None else self._entries.decode(value)

    def entries(self, after: bytes = b"") -> Iterator[tuple[bytes, Entry]]:
        """All entries behind a hash, in the order of their hashes (32 bytes)."""
        for key, value in self._store.scan(BLOBS, after and after + b"\0"):
            yield key, self._entries.decode(value)

    def stored(self, blob: BlobId, size: int, source: str = "", asker: str = "") -> None:
        """Note a blob that came: from a peer, or else from our own client; what was known of it stays known."""
        now, before = self._now(), self.entry(blob)
        own = not source
        entry = Entry(size, now, now, source, asker, own)
        if before is not None:
            entry = msgspec.structs.replace(before, used=now, own=before.own or own)
        self._put(BLOBS, blob, entry)

    def found(self, files: Mapping[BlobId, tuple[int, float]]) -> None:
        """Note files (size, time in ms) that lay in the folder already."""
        batch = Batch()
        for blob, (size, at) in files.items():
            entry = Entry(size, at, at)
            batch.put(BLOBS, raw(blob), msgspec.msgpack.encode(entry))
        self._store.write(batch, sync=False)

    def used(self, blob: BlobId) -> None:
        """Note that a blob is read, if that was not noted lately."""
        entry, now = self.entry(blob), self._now()
        if entry is not None and not 0 <= now - entry.used < USED_EVERY_MS:
            self._put(BLOBS, blob, msgspec.structs.replace(entry, used=now))

    def gone(self, blob: BlobId) -> None:
        """Forget a blob that is not here any more; a pin stays for when it comes again."""
        self._delete(BLOBS, blob)

    def is_pinned(self, blob: BlobId) -> bool:
        """Whether a blob is pinned by hand."""
        return raw(blob) in self._pins

    def pin(self, blob: BlobId) -> None:
        """Keep a blob whatever the quotas say.

        Raises:
            CallerError: too many are pinned.
        """
        if len(self._pins) >= MAX_PINS and raw(blob) not in self._pins:
            raise CallerError(f"more than {MAX_PINS} blobs cannot be pinned")
        self._put(PINS, blob, None, sync=True)
        self._pins.add(raw(blob))

    def unpin(self, blob: BlobId) -> None:
        """Let a blob go when the quotas say so."""
        self._delete(PINS, blob)
        self._pins.discard(raw(blob))

    def take_down(self, blob: BlobId, reason: str) -> None:
        """Refuse a blob from now on; on the disk before this returns.

        Raises:
            CallerError: too many are refused, or the reason is too long.
        """
        if len(self._takedowns) >= MAX_TAKEDOWNS and raw(blob) not in self._takedowns:
            raise CallerError(f"more than {MAX_TAKEDOWNS} blobs cannot be taken down")
        if len(reason) > MAX_REASON:
            raise CallerError(f"a reason has {MAX_REASON} characters at most")
        takedown = Takedown(reason, self._now())
        self._put(TAKEDOWNS, blob, takedown, sync=True)
        self._takedowns[raw(blob)] = takedown

    def restore(self, blob: BlobId) -> bool:
        """Refuse a blob no more; false when it was not refused."""
        if raw(blob) not in self._takedowns:
            return False
        self._delete(TAKEDOWNS, blob)
        del self._takedowns[raw(blob)]
        return True

    def refuse(self, blob: BlobId) -> None:
        """Raise a CallerError, with the reason, when a blob is taken down."""
        takedown = self._takedowns.get(raw(blob))
        if takedown is not None:
            text = f"{blob} was taken down here"
            raise CallerError(
                f"{text}: {takedown.reason}" if takedown.reason else text, "taken_down"
            )

    def _put(self, family: str, blob: BlobId, value: object, *, sync: bool = False) -> None:
        batch = Batch()
        batch.put(family, raw(blob), msgspec.msgpack.encode(value))
        self._store.write(batch, sync=sync)

    def _delete(self, family: str, blob: BlobId) -> None:
        batch = Batch()
        batch.delete(family, raw(blob))
        self._store.write(batch, sync=False)
