"""Which histories are asked of a peer that does not speak EBT.

Knows the feeds wanted of one peer, and how many requests stand; must never know streams. Called by the
replication service, one for each such peer, in the place of an EBT session.

As long as there is room every feed gets a live request that stays open (as ssb-replicate does); where there are
more feeds than room, the others take turns with requests that end at the head, again after POLL_MS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from common.refs import FeedId

MAX_LIVE: Final = 768
"""Live requests of one peer; a quarter of what one caller may have open on the bus is left for the rest."""
MAX_TURNS: Final = 32
POLL_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for a feed from this sequence on."""

    feed: FeedId
    sequence: int
    live: bool


@dataclass(slots=True)
class Histories:
    """The requests of one peer: feeds in, requests out."""

    max_live: int = MAX_LIVE
    max_turns: int = MAX_TURNS
    _live: set[FeedId] = field(default_factory=set)
    _turns: set[FeedId] = field(default_factory=set)
    _waiting: dict[FeedId, float] = field(default_factory=dict)
    """Feeds without a request, and when they may be asked for (milliseconds), in order."""
    _stopped: set[FeedId] = field(default_factory=set)

    def want(self, feeds: Iterable[FeedId], now: float) -> None:
        """Feeds that are to be asked for."""
        for feed in feeds:
            if feed not in self._live and feed not in self._turns and feed not in self._stopped:
                self._waiting.setdefault(feed, now)

    def drop(self, feed: FeedId) -> bool:
        """The feed is not wanted any more; true when a request stands that is to be ended."""
        self._waiting.pop(feed, None)
        open_now = feed in self._live or feed in self._turns
        self._live.discard(feed)
        self._turns.discard(feed)
        return open_now

    def stop(self, feed: FeedId) -> bool:
        """The peer's history of this feed is bad: never asked for again; true as `drop`."""
        self._stopped.add(feed)
        return self.drop(feed)

    def ended(self, feed: FeedId, now: float) -> None:
        """A request ended, with or without an error; the feed is asked for again later."""
        if self.drop(feed):
            self._waiting[feed] = now + POLL_MS

    def next(self, heads: Mapping[FeedId, int], now: float) -> list[Request]:
        """The requests to begin now."""
        requests: list[Request] = []
        for feed, due in list(self._waiting.items()):
            live = len(self._live) < self.max_live
            if not live and len(self._turns) >= self.max_turns:
                break
            if due > now:
                continue
            del self._waiting[feed]
            (self._live if live else self._turns).add(feed)
            requests.append(Request(feed, heads.get(feed, 0) + 1, live))
        return requests
