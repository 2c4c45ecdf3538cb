"""Scans of RocksDB that notice damage.

The iterators of rocksdict end at a damaged block as they do at the end of the data. A cursor at the same place can be asked
which it was: it raises with RocksDB's text. Called by `rocks`.
"""

from collections.abc import Iterator

from rocksdict import RdictIter

__all__ = ["backward", "forward"]


def forward(
    pairs: Iterator[tuple[bytes, bytes]], cursor: RdictIter, start: bytes, end: bytes | None
) -> Iterator[tuple[bytes, bytes]]:
    """Pairs from `start` up to before `end`, and then a look whether they ended there or at damage."""
    last = None
    for pair in pairs:
        last = pair[0]
        if end is not None and last >= end:
            return
        yield pair
    cursor.seek(start if last is None else last)
    if last is not None and cursor.valid():
        cursor.next()
    cursor.status()


def backward(
    pairs: Iterator[tuple[bytes, bytes]], cursor: RdictIter, start: bytes, end: bytes | None
) -> Iterator[tuple[bytes, bytes]]:
    """The same from before `end` down to `start`."""
    last = end
    for pair in pairs:
        last = pair[0]
        if last < start:
            return
        if last != end:
            yield pair
    if last is None:
        cursor.seek_to_last()
    else:
        cursor.seek_for_prev(last)
    if cursor.valid():
        cursor.prev()
    cursor.status()
