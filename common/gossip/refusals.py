"""Feeds that are not exchanged with one peer because of what it sent, and for how long.

Knows feeds and times of one peer, over all of its sessions; must never know why it is right to refuse. Called by
the EBT machine.

Each time a feed is refused for twice as long as the time before: who sends rubbish for ever is asked ever more
seldom, who put a backup back or was mended is asked again.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from common.refs import FeedId

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS


class Term(NamedTuple):
    """For how long a feed is refused the first time, and at most; milliseconds."""

    first: float
    longest: float


GAP: Final = Term(1_000, 10 * MINUTE_MS)
"""Out of its order: who remembers that we have more than we do forgets it by that; else some old version's fault."""
FORGED: Final = Term(MINUTE_MS, DAY_MS)
"""Nobody signed it, or another network's key is in use."""
FORKED: Final = Term(10 * MINUTE_MS, DAY_MS)
"""Another branch: only who loses it comes back to ours."""


@dataclass(slots=True)
class Refusals:
    """Of one peer: `until` has what is refused now."""

    until: dict[FeedId, float] = field(default_factory=dict)
    times: dict[FeedId, int] = field(default_factory=dict)

    def add(self, feed: FeedId, term: Term, now: float) -> None:
        """Refuses a feed from now on."""
        times = self.times.get(feed, 0)
        self.times[feed] = times + 1
        self.until[feed] = now + min(term.first * 2**times, term.longest)

    def end(self, now: float) -> list[FeedId]:
        """Takes out the feeds whose time is over."""
        over = [feed for feed, until in self.until.items() if until <= now]
        for feed in over:
            del self.until[feed]
        return over
