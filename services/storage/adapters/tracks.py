"""Numbered records to read along: the log by its positions, or one feed by its sequences.

A track gives slices, so that a reader without credit keeps a number and nothing else, and can wait for
what comes. Knows neither options nor shapes; the handlers of streams walk on it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from services.storage.adapters.database import MAX_SLICE, MAX_SLICE_BYTES, Database
from services.storage.adapters.writer import Writer

__all__ = ["ErasureTrack", "FeedTrack", "LogTrack", "Ready", "Slice", "Track", "follow", "walk"]

GATHER_SECONDS = (
    0.005  # between two looks: what is committed meanwhile is one slice, not one a commit
)

Ready = Callable[[], Awaitable[None]]
"""Waits until the reader has credit."""

Slice = list[tuple[int, bytes]]


class Track(Protocol):
    """Records with rising numbers from 1."""

    @property
    def last(self) -> int:
        """The greatest number, 0 while there is none."""
        ...

    def slice(self, first: int, last: int, *, reverse: bool, limit: int) -> Slice:
        """Some records between two numbers (both included), none only where there are none."""
        ...

    async def beyond(self, number: int) -> None:
        """Wait until `last` is greater than this."""
        ...


class LogTrack:
    """All messages in the order in which they were received."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    @property
    def last(self) -> int:
        """The last position."""
        return self._writer.log.position

    def slice(self, first: int, last: int, *, reverse: bool, limit: int) -> Slice:
        """Some records by position."""
        return self._database.slice(first, last, reverse=reverse, limit=limit)

    async def beyond(self, number: int) -> None:
        """Wait for the log to grow."""
        await self._writer.beyond(number)


class FeedTrack:
    """The messages of one feed."""

    def __init__(self, database: Database, writer: Writer, author: bytes) -> None:
        self._database = database
        self._writer = writer
        self._author = author

    @property
    def last(self) -> int:
        """The last sequence."""
        head = self._writer.log.heads.get(self._author)
        return head.sequence if head else 0

    def slice(self, first: int, last: int, *, reverse: bool, limit: int) -> Slice:
        """Some records by sequence."""
        return self._database.feed_slice(self._author, first, last, reverse=reverse, limit=limit)

    async def beyond(self, number: int) -> None:
        """Wait for the feed to grow."""
        await self._writer.feed_beyond(self._author, number)


class ErasureTrack:
    """What was deleted and is still in the journal, by number; it is read forwards only."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._erasures = database.erasures
        self._writer = writer

    @property
    def last(self) -> int:
        """The number of what was deleted last."""
        return self._erasures.last

    def slice(self, first: int, last: int, *, reverse: bool, limit: int) -> Slice:
        """Some entries by number."""
        assert not reverse  # noqa: S101  nobody asks for that
        return self._erasures.slice(first, last, limit=limit, size=MAX_SLICE_BYTES)

    async def beyond(self, number: int) -> None:
        """Wait until more is deleted."""
        await self._writer.erased_beyond(number)


async def walk(
    track: Track,
    ready: Ready,
    first: int,
    last: int,
    *,
    reverse: bool = False,
    limit: int = -1,
    step: int = MAX_SLICE,
) -> AsyncIterator[Slice]:
    """Slices of what lies between two numbers (both included), at most `limit` records (-1: all).

    A slice has `step` records at most.

    Each is read when `ready` has returned. Who then drops the last one holds none while it waits.
    """
    left = limit if limit >= 0 else last - first + 1
    while left > 0 and first <= last:
        await ready()
        found = track.slice(first, last, reverse=reverse, limit=min(left, step, MAX_SLICE))
        if not found:
            return
        yield found
        left -= len(found)
        if reverse:
            last = found[-1][0] - 1
        else:
            first = found[-1][0] + 1
        del found


async def follow(track: Track, ready: Ready, after: int) -> AsyncIterator[Slice]:
    """Slices of what comes after a number, for ever."""
    while True:
        await track.beyond(after)
        async for found in walk(track, ready, after + 1, track.last):
            after = found[-1][0]
            yield found
            del found
        await asyncio.sleep(GATHER_SECONDS)
