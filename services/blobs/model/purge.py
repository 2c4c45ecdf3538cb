"""Which blobs go when there are more than the quotas allow: the oldest least needed ones, and never one that is kept.

Pure: rows in, decisions out. Must never know files or the database. Called by the purge.

A blob counts for one author alone, the nearest of those who mention it: nobody can make the blobs of somebody nearer go by
mentioning them. The quotas are applied one after the other, each to what the ones before leave: age, far, author, total.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Going", "Quota", "Row", "Why", "what_goes"]

Why: TypeAlias = Literal["age", "far", "author", "total"]


class Row(NamedTuple):
    """One blob: its hash, size in bytes, last use in ms; `kept` never goes.

    `author` is the nearest of those who mention it, `hops` how far that is; None when nobody does, or nobody knows.
    """

    blob: bytes
    size: int
    used: float
    kept: bool
    author: bytes | None = None
    hops: int | None = None


class Quota(NamedTuple):
    """Bytes of all blobs, of those of one author, of those that nobody within `hops` mentions; ms without use.

    0 is no limit.
    """

    total: int = 0
    author: int = 0
    far: int = 0
    hops: int = 0
    age: float = 0


class Going(NamedTuple):
    """A blob that is to go, and which quota says so."""

    row: Row
    why: Why


def what_goes(rows: Iterable[Row], quota: Quota, now: float) -> list[Going]:
    """Decide at a time in ms; the first of the list is to go first."""
    left = sorted(rows, key=lambda row: (row.used, -row.size, row.blob))
    going: list[Going] = []
    rules: tuple[tuple[Why, Callable[[], Iterator[Row]]], ...] = (
        ("age", lambda: _aged(left, quota.age and now - quota.age)),
        ("far", lambda: _beyond(quota.far, [row for row in left if _is_far(row, quota.hops)])),
        ("author", lambda: _of_each_author(left, quota.author)),
        ("total", lambda: _beyond(quota.total, left)),
    )
    for why, rule in rules:
        found = {row.blob: row for row in rule()}
        going += [Going(row, why) for row in found.values()]
        left = [row for row in left if row.blob not in found]
    return going


def _aged(rows: Iterable[Row], before: float) -> Iterator[Row]:
    return (row for row in rows if not row.kept and row.used < before)


def _is_far(row: Row, hops: int) -> bool:
    return row.hops is None or row.hops > hops


def _of_each_author(rows: Iterable[Row], limit: int) -> Iterator[Row]:
    if not limit:
        return
    authors: dict[bytes, list[Row]] = {}
    for row in rows:
        if row.author is not None:
            authors.setdefault(row.author, []).append(row)
    for theirs in authors.values():
        yield from _beyond(limit, theirs)


def _beyond(limit: int, rows: list[Row]) -> Iterator[Row]:
    """The oldest that have to go for the rest to be within a limit."""
    excess = sum(row.size for row in rows) - limit if limit else 0
    for row in rows:
        if excess <= 0:
            return
        if not row.kept:
            excess -= row.size
            yield row
