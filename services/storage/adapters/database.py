"""The log in the store: which family holds what, and how keys look.

    log    position -> record          feeds  author, sequence -> position
    ids    key -> position             heads  author -> sequence, key, position
    forks  author, sequence, key -> candidate: two of an author exclude each other
           author -> what is known of the fork (JSON)
    meta   `version` -> version of this layout; `mending` while the other families are folded from `log`

Positions and sequences are u64, big-endian; ids are their 32 raw bytes. Knows no rule: `model` decides,
`writer` calls `append`, the tracks read.
"""

import logging
from collections.abc import AsyncIterator
from itertools import accumulate
from pathlib import Path
from struct import Struct
from typing import Self

from common.feed.json import parse
from common.feed.record import Candidate, Record, pack_candidate
from common.runtime.errors import NotNow, StartError
from common.store import Batch, Store, StoreDamaged, StoreError, StoreFull, open_rocks
from services.storage import forks
from services.storage.adapters import erasures, strays
from services.storage.adapters.checker import Checker
from services.storage.adapters.losses import Losses
from services.storage.adapters.renewer import renew
from services.storage.adapters.salvage import NO_KEY, NOTHING, hole, is_whole, readable
from services.storage.model import Fork, Group, Head, Log

__all__ = ["FAMILIES", "MAX_SLICE", "MAX_SLICE_BYTES", "Database", "open_database"]

FAMILIES = ("log", "ids", "feeds", "heads", "forks", "meta", *strays.FAMILIES, *erasures.FAMILIES)
FOLDER = Path("scuttlebot", "log")  # beside ssb-server's `flume`, which stays as it is
VERSION = b"1"
# Kept free on the disk: what RocksDB holds in memory fits, and other programs of this board go on too.
RESERVE = 64 << 20
# A slice is one message on the bus: large enough to cost little, small enough to hold many of them.
MAX_SLICE = 200
MAX_SLICE_BYTES = 256 << 10
COMPACTED = 1 << 16  # positions compacted at a time: some 40 MB

logger = logging.getLogger(__name__)

_MENDING = b"mending"
_AT_ONCE = 1_000

_U64 = Struct(">Q")
_FEED = Struct(">32sQ")
_HEAD = Struct(">Q32sQ")
_FORK = Struct(">32sQ32s")


def open_database(data: Path) -> "Database":
    """Open the log of a data folder, or begin one.

    Raises: StartError, one line that names the folder, when it is locked, damaged or of another layout;
    NotNow when the disk is full.
    """
    path = data / FOLDER
    try:
        store = open_rocks(path, FAMILIES, reserve=RESERVE)
        return Database(store, str(path))
    except StoreFull as error:
        raise NotNow(str(error)) from error
    except StoreError as error:
        raise StartError(str(error)) from error


class Database:
    """Reads and writes of the log over an open store."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self.strays = strays.Strays(store)
        self.erasures = erasures.Erasures(store)
        self.losses = Losses(store)
        version = store.get("meta", b"version")
        if version is None:
            first = Batch()
            first.put("meta", b"version", VERSION)
            store.write(first, sync=True)
        elif version != VERSION:
            store.close()
            raise StartError(f"database {name} has layout {version.decode('ascii', 'replace')!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._store.close()
        except StoreError as error:
            logger.error("%s", error)  # noqa: TRY400  what was acknowledged was on the disk before

    def load(self) -> Log:
        """What the log keeps in memory. Where the other families do not end with it, they are folded again."""
        position, received, agree = 0, 0.0, True
        for key, raw in self._store.scan("log", reverse=True, limit=1):
            position = _U64.unpack(key)[0]
            received = self.received_at(position)
            if is_whole(raw):
                record = Record.parse(raw)
                feed = _FEED.pack(record.author, record.sequence)
                agree = self._store.get("ids", record.key) == key == self._store.get("feeds", feed)
        heads = self._heads()
        last = max((head.position for head in heads.values()), default=0)
        if not agree or last != position or self._store.get("meta", _MENDING) is not None:
            logger.warning(
                "the log ends at %d, its heads at %d: it is indexed again", position, last
            )
            self._mend()
            heads = self._heads()
        self._end_erasing()
        return Log(heads, position, received, self._forks())

    def append(self, group: Group, *, sync: bool) -> None:
        """Write a group: all of it or nothing.

        Raises: StoreError.
        """
        batch = Batch()
        put = batch.put
        for position, key, author, sequence, record in group.entries:
            place = _U64.pack(position)
            put("log", place, record)
            put("ids", key, place)
            put("feeds", _FEED.pack(author, sequence), place)
        for author, head in group.heads.items():
            put("heads", author, _HEAD.pack(head.sequence, head.key, head.position))
        for message in group.evidence:
            put("forks", _FORK.pack(message.author, message.sequence, message.key), _pack(message))
        for author, fork in group.forks.items():
            put("forks", author, forks.pack(fork))
        self._store.write(batch, sync=sync)

    def keep_fork(self, author: bytes, fork: Fork) -> None:
        """Write what is known of a fork; on the disk when this returns.

        Raises: StoreError.
        """
        batch = Batch()
        batch.put("forks", author, forks.pack(fork))
        self._store.write(batch, sync=True)

    def probe(self) -> None:
        """Write something that changes nothing, to see whether it can be done.

        Raises: StoreError.
        """
        batch = Batch()
        batch.put("meta", b"version", VERSION)
        self._store.write(batch, sync=True)

    def checker(self, log: Log, hmac_key: bytes | None, *, repair: bool) -> Checker:
        """A check of all that is here."""
        return Checker(self._store, self.losses, log, hmac_key, repair=repair)

    def renew(self, log: Log) -> AsyncIterator[int]:
        """Write the log into new files."""
        return renew(self._store, log)

    def size(self) -> int:
        """Bytes on the disk."""
        return self._store.size()

    def parts(self, position: int) -> list[tuple[str, bytes, bytes | None]]:
        """Families and ranges of keys that together are all up to a position: as much as is compacted at a time."""
        starts = [_U64.pack(n) for n in range(0, position + 1, COMPACTED)]
        ends = [*starts[1:], None]
        others = [family for family in FAMILIES if family != "log"]
        return [
            *(("log", start, end) for start, end in zip(starts, ends, strict=True)),
            *((family, b"", None) for family in others),
        ]

    def compact(self, family: str, start: bytes, end: bytes | None) -> None:
        """Give back the room of a range of keys. May take seconds; a call for another thread.

        Raises: StoreError.
        """
        self._store.compact(family, start, end)

    def flush(self) -> None:
        """Make what was appended survive a power cut."""
        self._store.flush()

    def slice(
        self, first: int, last: int, *, reverse: bool = False, limit: int = MAX_SLICE
    ) -> list[tuple[int, bytes]]:
        """Positions and records from `first` to `last`, from the end if `reverse`: as many as a slice holds.

        No position is left out: where a record is damaged stands `NOTHING`.
        """
        try:
            found = self._scanned(first, last, reverse=reverse, limit=limit)
        except StoreDamaged:
            found = []
        start, step = (last, -1) if reverse else (first, 1)
        dense = all(n == start + step * i and is_whole(raw) for i, (n, raw) in enumerate(found))
        if dense and (found or not self._reaches(first)):
            return found
        numbers = [start + step * i for i in range(min(limit, MAX_SLICE, last - first + 1))]
        raws = self.records_at(numbers)
        return _cut([(n, raw or NOTHING) for n, raw in zip(numbers, raws, strict=True)])

    def _scanned(
        self, first: int, last: int, *, reverse: bool, limit: int
    ) -> list[tuple[int, bytes]]:
        scan = self._store.scan(
            "log",
            _U64.pack(first),
            _U64.pack(last + 1),
            reverse=reverse,
            limit=min(limit, MAX_SLICE),
        )
        found, size = [], 0
        for key, raw in scan:
            found.append((_U64.unpack(key)[0], raw))
            size += len(raw)
            if size >= MAX_SLICE_BYTES:
                break
        return found

    def _reaches(self, position: int) -> bool:
        """Whether there is anything in the log from a position on, be it damaged."""
        try:
            return any(True for _ in self._store.scan("log", _U64.pack(position), limit=1))
        except StoreDamaged:
            return True

    def feed_slice(
        self, author: bytes, first: int, last: int, *, reverse: bool = False, limit: int = MAX_SLICE
    ) -> list[tuple[int, bytes]]:
        """Sequences and records of one feed, as `slice`; where a record is damaged stands a header without a text."""
        scan = self._store.scan(
            "feeds",
            _FEED.pack(author, first),
            _FEED.pack(author, last + 1),
            reverse=reverse,
            limit=min(limit, MAX_SLICE),
        )
        places = [(_FEED.unpack(key)[1], place) for key, place in scan]
        if not reverse:  # what follows a row that is missing is of no use
            absent = [n for n, (number, _) in enumerate(places, first) if n != number]
            places = places[: absent[0] - first] if absent else places
            more = [(absent[0], hole(author, absent[0]))] if absent else []
        else:
            more = []
        records = self._records([place for _, place in places])
        numbers = [number for number, _ in places]
        pairs = [(n, raw or hole(author, n)) for n, raw in zip(numbers, records, strict=True)]
        return _cut(pairs + more)

    def records_at(self, positions: list[int]) -> list[bytes | None]:
        """Records by position; None also for a damaged one."""
        return self._records([_U64.pack(position) for position in positions])

    def records_of(self, keys: list[bytes]) -> list[bytes | None]:
        """Records by the raw keys of their messages; None also for a damaged one."""
        places = self._store.get_many("ids", keys)
        found = iter(self._records([place for place in places if place is not None]))
        return [None if place is None else next(found) for place in places]

    def _records(self, places: list[bytes]) -> list[bytes | None]:
        return [raw if is_whole(raw) else None for raw in readable(self._store, "log", places)]

    def received_at(self, position: int) -> float:
        """When the message at a position was received, in milliseconds since 1970; of a damaged one the one before it."""
        for n in range(position, max(position - MAX_SLICE, 0), -1):
            raw = self.records_at([n])[0]
            if raw is not None:
                return Record.parse(raw).received
        return 0.0

    def claimed_by(self, author: bytes) -> float:
        """The time that a feed's newest message claims, in milliseconds since 1970; 0 where there is none."""
        raw = self._store.get("heads", author)
        found = self.records_at([Head(*_HEAD.unpack(raw)).position])[0] if raw else None
        record = Record.parse(found) if found else None
        value = parse(record.message) if record and record.message else None
        claimed = value.get("timestamp") if isinstance(value, dict) else None
        return claimed if isinstance(claimed, int | float) else 0.0

    def message_at(self, author: bytes, sequence: int) -> Candidate | None:
        """The message of a feed with this sequence, in the form in which it came (`model.Past`)."""
        found = self.feed_slice(author, max(sequence - 1, 1), sequence)
        if not found or found[-1][0] != sequence:
            return None
        record = Record.parse(found[-1][1])
        if record.key == NO_KEY:
            return None
        previous = Record.parse(found[0][1]).key if len(found) > 1 else None
        return Candidate(record.key, author, sequence, previous, record.message)

    def evidence(self, author: bytes) -> list[Candidate]:
        """The messages of a feed that exclude each other, as far as they are on record."""
        scan = self._store.scan("forks", author, _FORK.pack(author, 2**64 - 1, b"\xff" * 32))
        return [Candidate.parse(raw) for key, raw in scan if len(key) == _FORK.size]

    def _heads(self) -> dict[bytes, Head]:
        return {author: Head(*_HEAD.unpack(raw)) for author, raw in self._store.scan("heads")}

    def _forks(self) -> dict[bytes, Fork]:
        rows: dict[bytes, bytes] = {}
        evidence: dict[bytes, list[Candidate]] = {}
        for key, raw in self._store.scan("forks"):
            if len(key) == _FORK.size:
                evidence.setdefault(key[:32], []).append(Candidate.parse(raw))
            else:
                rows[key] = raw
        batch = Batch()
        for author in evidence.keys() - rows.keys():
            rows[author] = forks.pack(forks.found_in(evidence[author]))
            batch.put("forks", author, rows[author])
        if batch:
            self._store.write(batch, sync=False)
        return {author: forks.unpack(row) for author, row in rows.items()}

    def _end_erasing(self) -> None:
        """Go on deleting the feeds whose deletion was interrupted; on a full disk at another start."""
        for author, last in self.erasures.begun().items():
            first = 1
            try:
                while first:
                    _, first = self.erasures.go_on(author, first, last)
            except StoreFull as error:
                logger.warning("a feed is deleted in part only: %s", error)

    def _mend(self) -> None:
        """Fold `ids`, `feeds` and `heads` again from the log, which is the truth."""
        batch = Batch()
        batch.put("meta", _MENDING, b"1")
        self._store.write(batch, sync=True)
        for family in ("ids", "feeds", "heads"):
            while keys := [key for key, _ in self._store.scan(family, limit=_AT_ONCE)]:
                batch = Batch()
                for key in keys:
                    batch.delete(family, key)
                self._store.write(batch, sync=False)
        start = b""
        while pairs := list(self._store.scan("log", start, limit=_AT_ONCE)):
            batch = Batch()
            for place, raw in pairs:
                if not is_whole(raw):
                    continue
                record = Record.parse(raw)
                batch.put("ids", record.key, place)
                batch.put("feeds", _FEED.pack(record.author, record.sequence), place)
                head = _HEAD.pack(record.sequence, record.key, _U64.unpack(place)[0])
                batch.put("heads", record.author, head)
            self._store.write(batch, sync=False)
            start = pairs[-1][0] + b"\0"
        batch = Batch()
        batch.delete("meta", _MENDING)
        self._store.write(batch, sync=True)


def _cut(pairs: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """As many as a slice holds."""
    full = sum(1 for size in accumulate(len(raw) for _, raw in pairs) if size < MAX_SLICE_BYTES)
    return pairs[: full + 1]


def _pack(message: Candidate) -> bytes:
    return pack_candidate(
        message.key, message.author, message.sequence, message.previous, message.message
    )
