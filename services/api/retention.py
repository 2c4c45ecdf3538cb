"""Which feeds have been out of reach for so long that they may be deleted.

Knows lengths, hops and times (milliseconds since 1970); asks nobody and deletes nothing. Pure. Called by the adapter
`keeper`.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from common.refs import FeedId

__all__ = ["DAY_MS", "Due", "Memory", "look"]

DAY_MS = 86_400_000


class Memory(msgspec.Struct):
    """What outlives a restart: since when each feed is out of reach, and up to where those are that were deleted."""

    since: dict[FeedId, float] = msgspec.field(default_factory=dict)
    deleted: dict[FeedId, int] = msgspec.field(default_factory=dict)


class Due(NamedTuple):
    """A feed that is out of reach: its messages, its distance if it has one, since when, and when it may go."""

    feed: FeedId
    messages: int
    hops: float | None
    since: float
    at: float


def look(
    memory: Memory,
    heads: Mapping[FeedId, int],
    hops: Mapping[FeedId, float],
    spared: Collection[FeedId],
    *,
    most: float,
    days: float,
    now: float,
) -> list[Due]:
    """The feeds that are out of reach now, those that may go first; the memory learns of it.

    In reach is who is at most `most` hops away, and who is spared. When nobody but ourselves is in reach, nobody is
    out of it: then the graph is not known.
    """
    near = {feed for feed, distance in hops.items() if 0 <= distance <= most}
    if len(near) < 2:
        return []
    away = {
        feed
        for feed, head in heads.items()
        if feed not in near and feed not in spared and memory.deleted.get(feed) != head
    }
    memory.since = {feed: memory.since.get(feed, now) for feed in away}
    memory.deleted = {feed: n for feed, n in memory.deleted.items() if heads.get(feed) == n}
    found = [
        Due(feed, heads[feed], hops.get(feed), since, since + days * DAY_MS)
        for feed, since in memory.since.items()
    ]
    return sorted(found, key=lambda due: (due.at, due.feed))
