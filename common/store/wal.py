"""Cuts garbage off the end of RocksDB's write-ahead logs before RocksDB reads them.

Knows the framing of these files (RocksDB's "Write Ahead Log File Format"): blocks of 32 KiB, records with a
header of crc (4 bytes), size (2, little-endian) and type (1). A torn tail is RocksDB's own business, but for
one case: RocksDB 9.8 reads for ever at a header with a type of recycled logs, which we never write. Called by
`rocks`.
"""

import logging
import mmap
from pathlib import Path

__all__ = ["cut_garbage"]

_BLOCK = 32 << 10
_HEADER = 7
_RECYCLED = frozenset((5, 6, 7, 8, 11))
logger = logging.getLogger(__name__)


def cut_garbage(folder: Path) -> None:
    """Shorten each log of a database to where it makes sense; what is cut off is kept beside it.

    Raises: OSError.
    """
    for path in sorted(folder.glob("*.log")):
        if path.stat().st_size == 0:
            continue
        with path.open("r+b") as file:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                end = _garbage_at(data)
                tail = b"" if end is None else data[end:]
            if end is not None:
                logger.warning("%s: garbage from byte %d on is cut off", path, end)
                path.with_suffix(".garbage").write_bytes(tail)
                file.truncate(end)


def _garbage_at(data: mmap.mmap) -> int | None:
    """Where the first header stands that no log of ours has."""
    at, size = 0, len(data)
    while at + _HEADER <= size:
        left = _BLOCK - at % _BLOCK
        if left < _HEADER:
            at += left
            continue
        if data[at + 6] in _RECYCLED:
            return at
        length = data[at + 4] | data[at + 5] << 8
        at += min(_HEADER + length, left)
    return None
