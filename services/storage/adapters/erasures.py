"""Messages that were deleted: what is left of them in the log, and what their followers still have to remove.

    erasures  number -> position (u64), the record as it was
    meta      `erasures` -> number of the last one; `erasing` and an author -> last sequence to delete;
              `sparse` and a number -> b"": a stretch of the log whose room is to be given back

Deleting empties the record of the log, whose header keeps the chain provable, and puts the old one into the journal,
in one write. Who follows removes what it derived from it, and says so: then it goes from the journal too. A feed is
deleted in parts; one that was interrupted is gone on with. The bytes leave the disk when their stretch of the log is
compacted. Knows no rule of the log. The database makes it.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from common.feed.record import Record, pack_record
from common.store import Batch, Store
from services.storage.adapters.marks import Marks

__all__ = ["FAMILIES", "MAX_ERASED", "Erasures"]

FAMILIES: Final = ("erasures",)
MAX_ERASED: Final = 500
"""Messages of one write: 4 MB of them at most, twice."""
_LAST: Final = b"erasures"
_ERASING: Final = b"erasing"
_SPARSE: Final = b"sparse"
_STRETCH: Final = 1 << 14
"""Positions of one stretch: some 10 MB."""
_U64 = Struct(">Q")
_FEED = Struct(">32sQ")
_FORK = Struct(">32sQ32s")


class _Found(NamedTuple):
    place: bytes
    raw: bytes
    record: Record


class Erasures:
    """Reads and writes over the store of the log."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._erasing, self._sparse = Marks(store, _ERASING), Marks(store, _SPARSE)
        raw = store.get("meta", _LAST)
        #: Number of the last message that was ever deleted.
        self.last = _U64.unpack(raw)[0] if raw else 0

    @property
    def waiting(self) -> int:
        """How many deleted messages are in the journal."""
        first = [key for key, _ in self._store.scan("erasures", limit=1)]
        return self.last + 1 - _U64.unpack(first[0])[0] if first else 0

    def erase(self, keys: Sequence[bytes]) -> list[bytes]:
        """Delete messages, MAX_ERASED at most, by their raw keys; gives those that were here. All or nothing.

        Raises: StoreError.
        """
        places = self._store.get_many("ids", keys)
        erased = self._erase(self._found([place for place in places if place is not None]), keys)
        return [key for key in dict.fromkeys(keys) if key in erased]

    def begin(self, author: bytes, last: int) -> None:
        """Note that a feed is to be deleted up to a sequence; on the disk when this returns.

        Raises: StoreError.
        """
        batch = Batch()
        self._erasing.put(batch, author, _U64.pack(last))
        for key, raw in self._store.scan("ooo"):
            if Record.parse(raw).author == author:
                batch.delete("ooo", key)
        self._store.write(batch, sync=True)

    def begun(self) -> dict[bytes, int]:
        """Feeds whose deletion has begun and not ended: author to last sequence."""
        return {author: _U64.unpack(raw)[0] for author, raw in self._erasing.all().items()}

    def go_on(self, author: bytes, first: int, last: int) -> tuple[list[bytes], int]:
        """Delete some messages of a feed between two sequences: their keys, and where to go on (0: it is done).

        Raises: StoreError.
        """
        start, end = _FEED.pack(author, first), _FEED.pack(author, last + 1)
        rows = list(self._store.scan("feeds", start, end, limit=MAX_ERASED))
        found = self._found([place for _, place in rows])
        keys = self._erase(found, ())
        if len(rows) == MAX_ERASED:
            return list(keys), _FEED.unpack(rows[-1][0])[1] + 1
        batch = Batch()
        self._erasing.delete(batch, author)
        self._store.write(batch, sync=True)
        return list(keys), 0

    def slice(self, first: int, last: int, *, limit: int, size: int) -> list[tuple[int, bytes]]:
        """Numbers and journal entries between two numbers, up to about `size` bytes."""
        found = []
        scan = self._store.scan("erasures", _U64.pack(first), _U64.pack(last + 1), limit=limit)
        for key, raw in scan:
            found.append((_U64.unpack(key)[0], raw))
            size -= len(raw)
            if size <= 0:
                break
        return found

    def forget(self, upto: int) -> int:
        """Let some entries up to a number go; gives how many went: none are left at 0.

        Raises: StoreError.
        """
        scan = self._store.scan("erasures", end=_U64.pack(upto + 1), limit=MAX_ERASED)
        keys = [key for key, _ in scan]
        batch = Batch()
        for key in keys:
            batch.delete("erasures", key)
        self._store.write(batch, sync=True)
        return len(keys)

    def sparse(self) -> list[int]:
        """The stretches whose room is to be given back; none while their messages are in the journal."""
        if any(True for _ in self._store.scan("erasures", limit=1)):
            return []
        return [_U64.unpack(key)[0] for key in self._sparse.all()]

    def compact(self, stretch: int) -> None:
        """Give back the room of a stretch. May take seconds; the one call for another thread.

        Raises: StoreError.
        """
        first = stretch * _STRETCH
        self._store.compact("log", _U64.pack(first), _U64.pack(first + _STRETCH))
        if not self.sparse()[1:]:
            self._store.compact("erasures")

    def compacted(self, stretch: int) -> None:
        """The room of a stretch was given back.

        Raises: StoreError.
        """
        batch = Batch()
        self._sparse.delete(batch, _U64.pack(stretch))
        self._store.write(batch, sync=False)

    def _found(self, places: Sequence[bytes]) -> list[_Found]:
        raws = self._store.get_many("log", places)
        pairs = zip(places, raws, strict=True)
        found = [_Found(place, raw, Record.parse(raw)) for place, raw in pairs if raw is not None]
        return [one for one in found if one.record.message]

    def _erase(self, found: Sequence[_Found], keys: Sequence[bytes]) -> dict[bytes, None]:
        """Write it, and remove what lies beside the log of these messages and of others with such keys."""
        batch, last, erased = Batch(), self.last, dict[bytes, None]()
        for stretch in {_U64.unpack(one.place)[0] // _STRETCH for one in found}:
            self._sparse.put(batch, _U64.pack(stretch))
        for place, raw, record in found:
            last += 1
            key, author, sequence, received, _ = record
            batch.put("log", place, pack_record(key, author, sequence, received, b""))
            batch.put("erasures", _U64.pack(last), place + raw)
            batch.delete("forks", _FORK.pack(author, sequence, key))
            erased[key] = None
        strays = self._store.get_many("ooo", keys)
        for key, stray in zip(keys, strays, strict=True):
            if stray is not None:
                batch.delete("ooo", key)
                erased[key] = None
        if erased:
            batch.put("meta", _LAST, _U64.pack(last))
            self._store.write(batch, sync=True)
            self.last = last
        return erased
