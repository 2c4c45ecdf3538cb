"""The store on RocksDB, through rocksdict; with `cursors` the only importer of it.

Knows options, column families and the texts of RocksDB's errors. Never knows what is stored. One process
writes: a second one meets RocksDB's LOCK and is told so.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import ENOSPC
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    Cache,
    Checkpoint,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteOptions,
)

from common.store.cursors import backward, forward
from common.store.errors import StoreClosed, StoreDamaged, StoreError, StoreFull, StoreLocked
from common.store.port import Batch, Renewal, Store
from common.store.wal import cut_garbage

__all__ = ["free_bytes", "open_rocks"]

_MIB = 1 << 20
# Memory of a process that rests: one cache for all blocks, filters and indexes of all its databases, and few,
# small memtables.
_CACHE = 8 * _MIB
_MEMTABLE = 8 * _MIB
_MEMTABLES_TOTAL = 24 * _MIB
# What is flushed is merged into the first level eight files at a time, and that level stays small: most of what a long fold costs in the
# background is writing that level again and again.
_FLUSHED_FILES = 8
_FIRST_LEVEL = 64 * _MIB
# Large files go to the disk bit by bit: all at once they hold up who waits for a message to be safe there.
_EACH_SYNC = 1 * _MIB
# The write-ahead log is replayed at start: bounded, so that a start stays short.
_WAL_TOTAL = 64 * _MIB
_OPEN_FILES = 256
# RocksDB's own diary; two files of 1 MiB are enough to see what happened.
_DIARY = _MIB
_DIARIES = 2
_BLOOM_BITS = 10
_DEFAULT = "default"  # RocksDB insists on a family of this name
_NAME = (
    b"family/"  # in it: which column family holds a family, where that is not the one of its name
)
_MARK = "~"
_LOCKED = ("lock hold by current process", "While lock file")
_DAMAGED = ("Corruption", "checksum", "No such file")
_FULL = "No space left on device"


@cache
def _blocks() -> Cache:
    return Cache(_CACHE)


def _options() -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(_blocks())
    table.set_bloom_filter(_BLOOM_BITS, False)
    table.set_cache_index_and_filter_blocks(True)
    # In parts: those of one large file, each in one block, would throw all else out of the cache, and soon each other.
    table.set_index_type(BlockBasedIndexType.two_level_index_search())
    table.set_partition_filters(True)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(_MEMTABLE)
    options.set_db_write_buffer_size(_MEMTABLES_TOTAL)
    options.set_max_total_wal_size(_WAL_TOTAL)
    options.set_level_zero_file_num_compaction_trigger(_FLUSHED_FILES)
    options.set_max_bytes_for_level_base(_FIRST_LEVEL)
    options.set_bytes_per_sync(_EACH_SYNC)
    # All families reach the disk together: one that lost the end of its write-ahead log lost it for all.
    options.set_atomic_flush(True)
    options.set_max_open_files(_OPEN_FILES)
    options.set_max_log_file_size(_DIARY)
    options.set_keep_log_file_num(_DIARIES)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    return options


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what rocksdict raises (plain Exception, with RocksDB's text) into errors that name the folder."""
    try:
        yield
    except (StoreError, KeyError):
        raise
    except Exception as error:
        text = str(error)
        if any(mark in text for mark in _LOCKED):
            raise StoreLocked(f"database {path} is in use by another process") from error
        if _FULL in text:
            raise StoreFull(f"database {path}: {_FULL}") from error
        if any(mark in text for mark in _DAMAGED):
            raise StoreDamaged(f"database {path} is damaged: {text}") from error
        raise StoreError(f"database {path}: {text}") from error


def free_bytes(path: Path) -> int:
    """How much may still be written to the disk of a folder, in bytes."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


class _RocksRenewal:
    """Column families with names of their own; a row of the default family says which is which, see `_named`."""

    def __init__(self, store: "_RocksStore", names: dict[str, str]) -> None:
        self._store = store
        self.names = names

    def write(self, batch: Batch) -> None:
        self._store.write_to(self.names, batch)

    def finish(self) -> None:
        self._store.renewed(self.names)

    def cancel(self) -> None:
        self._store.not_renewed(self.names)


class _RocksStore:
    def __init__(
        self, path: Path, database: Rdict, families: dict[str, str], room: Callable[[], None]
    ) -> None:
        self._path = path
        self._room = room
        self._database: Rdict | None = database
        self._names = families
        self._families = {
            family: database.get_column_family(name) for family, name in families.items()
        }
        self._handles = {
            family: database.get_column_family_handle(name) for family, name in families.items()
        }
        self._renewal: _RocksRenewal | None = None
        self._new: dict[str, Any] = {}
        self._retired: list[object] = []
        self._synced = WriteOptions()
        self._synced.sync = True
        self._buffered = WriteOptions()

    @property
    def _open(self) -> Rdict:
        if self._database is None:
            raise StoreClosed(f"database {self._path} is closed")
        return self._database

    def _family(self, family: str) -> Any:
        _ = self._open
        return self._families[family]

    def get(self, family: str, key: bytes) -> bytes | None:
        with _told(self._path):
            value: bytes | None = self._family(family).get(key)
            return value

    def get_many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
        with _told(self._path):
            values: list[bytes | None] = self._family(family).get(list(keys))
            return values

    def scan(
        self,
        family: str,
        start: bytes = b"",
        end: bytes | None = None,
        *,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[tuple[bytes, bytes]]:
        source = self._family(family)
        if end is not None and end <= start:
            return iter(())
        # Both are made now: they show the family as it is now. Bounds are compared here and not given to
        # RocksDB, because rocksdict 0.3.29 takes a lower bound for an upper one.
        with _told(self._path):
            pairs = source.items(backwards=reverse, from_key=end if reverse else start)
            cursor = source.iter()
        scan = (backward if reverse else forward)(pairs, cursor, start, end)
        return islice(_checked(self._path, scan), limit)

    def write(self, batch: Batch, *, sync: bool) -> None:
        database, handles = self._open, self._handles
        self._room()
        native = WriteBatch(raw_mode=True)
        _fill(native, handles, batch.operations)
        if self._new:
            _fill(native, self._new, [one for one in batch.operations if one[0] in self._new])
        with _told(self._path):
            database.write(native, self._synced if sync else self._buffered)

    def renew(self, families: Sequence[str]) -> Renewal:
        database = self._open
        if self._renewal is not None:
            raise StoreError(f"database {self._path} is being renewed")
        names = {family: _next_name(family, self._names[family]) for family in families}
        with _told(self._path):
            for name in names.values():
                database.create_column_family(name, _options())
        self._new = {
            family: database.get_column_family_handle(name) for family, name in names.items()
        }
        self._renewal = _RocksRenewal(self, names)
        return self._renewal

    def write_to(self, names: dict[str, str], batch: Batch) -> None:
        """Put rows into the new families of a renewal."""
        database = self._open
        self._room()
        handles = {family: self._new[family] for family in names}
        native = WriteBatch(raw_mode=True)
        _fill(native, handles, batch.operations)
        with _told(self._path):
            database.write(native, self._buffered)

    def renewed(self, names: dict[str, str]) -> None:
        """Let the new families take the place of the old ones."""
        database = self._open
        native = WriteBatch(raw_mode=True)
        default = database.get_column_family_handle(_DEFAULT)
        for family, name in names.items():
            native.put(_NAME + family.encode(), name.encode(), default)
        with _told(self._path):
            database.write(native, self._synced)
            for family, name in names.items():
                old, self._names[family] = self._names[family], name
                # Scans that are open read on in it.
                self._retired.append((self._families[family], self._handles[family]))
                self._families[family] = database.get_column_family(name)
                self._handles[family] = self._new[family]
                database.drop_column_family(old)
        self._renewal, self._new = None, {}

    def not_renewed(self, names: dict[str, str]) -> None:
        """Remove the new families."""
        self._renewal, self._new = None, {}
        with _told(self._path):
            for name in names.values():
                self._open.drop_column_family(name)

    def flush(self) -> None:
        with _told(self._path):
            self._open.flush_wal(sync=True)

    def compact(self, family: str, start: bytes = b"", end: bytes | None = None) -> None:
        chosen = self._family(family)
        self._room()
        with _told(self._path):
            chosen.compact_range(start, end)

    def size(self) -> int:
        _ = self._open
        sizes = []
        for path in self._path.iterdir():
            with suppress(OSError):  # gone meanwhile
                sizes.append(path.stat().st_size)
        return sum(sizes)

    def checkpoint(self, path: Path) -> None:
        database = self._open
        if path.exists() or not path.parent.is_dir():
            raise StoreError(f"a copy needs a new folder in one that exists, unlike {path}")
        with _told(path):
            Checkpoint(database).create_checkpoint(str(path))

    def close(self) -> None:
        if self._database is None:
            return
        database, self._database = self._database, None
        # rocksdict holds the database open as long as one family, handle or scan of it is referenced.
        families, self._families, self._handles = list(self._families.values()), {}, {}
        self._renewal, self._new = None, {}
        self._retired.clear()
        with _told(self._path):
            try:
                database.flush_wal(sync=True)
            finally:
                for family in families:
                    family.close()
                database.close()


def _checked(path: Path, scan: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    with _told(path):
        yield from scan


def _check_folder(path: Path) -> bool:
    """Whether a database is there; a folder of other things, or of half a database, is left alone."""
    if not path.exists():
        return False
    if not path.is_dir():
        raise StoreError(f"database {path} is not a folder")
    names = {entry.name for entry in path.iterdir()}
    if names and "CURRENT" not in names:
        raise StoreDamaged(f"database {path} is damaged: the file CURRENT is missing")
    return bool(names)


def open_rocks(
    path: Path,
    families: Sequence[str],
    *,
    reserve: int = 0,
    free: Callable[[Path], int] = free_bytes,
) -> Store:
    """Open the database in a folder, or begin one; families that are missing are made.

    Nothing is written while fewer than `reserve` bytes are free: RocksDB itself needs room to write what
    it holds in memory, and mends its files less well than it keeps them whole.

    Raises: StoreLocked when another process has it; StoreDamaged; StoreFull; StoreError when the folder
    cannot be used. Nothing is overwritten by a failure.
    """
    try:
        found = _check_folder(path)
        path.mkdir(parents=True, exist_ok=True)
        cut_garbage(path)
    except OSError as error:
        kind = StoreFull if error.errno == ENOSPC else StoreError
        raise kind(f"database {path}: {error.strerror}") from error

    def room() -> None:
        left = free(path) if reserve else 0
        if left < reserve:
            raise StoreFull(
                f"database {path}: {left / _MIB:.0f} MiB of the disk are left, the last"
                f" {reserve / _MIB:.0f} MiB are kept free"
            )

    options = _options()
    with _told(path):
        present = Rdict.list_cf(str(path), options) if found else []
        names = dict.fromkeys([_DEFAULT, *present, *families])
        database = Rdict(str(path), options, dict.fromkeys(names, options))
        named = {family: _named(database, family) for family in families}
        for name in names:
            if name not in (_DEFAULT, *named.values()) and name.partition(_MARK)[0] in named:
                database.drop_column_family(name)  # of a renewal that did not end, or did
    return _RocksStore(path, database, named, room)


def _named(database: Rdict, family: str) -> str:
    """The column family that holds a family now: one of its own name, or that of its last renewal."""
    name = database.get_column_family(_DEFAULT).get(_NAME + family.encode())
    return family if name is None else str(name, "ascii")


def _next_name(family: str, name: str) -> str:
    return f"{family}{_MARK}{int(name.partition(_MARK)[2] or 0) + 1}"


def _fill(
    native: WriteBatch,
    handles: dict[str, Any],
    operations: Sequence[tuple[str, bytes, bytes | None]],
) -> None:
    """Put operations into a batch; a family that is not named with each of them costs a third."""
    if not operations:
        return
    usual, put = operations[0][0], native.put
    native.set_default_column_family(handles[usual])
    for family, key, value in operations:
        if value is None:
            native.delete(key, handles[family])
        elif family == usual:
            put(key, value)
        else:
            put(key, value, handles[family])
