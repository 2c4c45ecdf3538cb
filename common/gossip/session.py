"""What is known of one peer while a stream to it stands, and what is kept of that until the next.

Knows notes, positions and flags of one peer; must never know other peers or decide anything. Called by the EBT
machine.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from common.refs import FeedId

REFUSED: Final = -1


class Told(NamedTuple):
    """One side's last word about a feed: its last sequence (-1: refused), and whether it wants messages."""

    sequence: int
    receive: bool


NOT_SHARED: Final = Told(REFUSED, False)


@dataclass(slots=True)
class Memory:
    """What a peer had and what it was told when its last session ended (request skipping)."""

    heard: dict[FeedId, int] = field(default_factory=dict)
    told: dict[FeedId, int] = field(default_factory=dict)
    forked: set[FeedId] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Session:
    """One peer's session. `heard` and `told` are the last words of both sides about each feed."""

    peer: FeedId
    started: bool
    heard_at: float
    heard: dict[FeedId, Told] = field(default_factory=dict)
    told: dict[FeedId, Told] = field(default_factory=dict)
    notes: dict[FeedId, Told] | None = None
    """What is to be told at the end of the event; an empty one is sent too, None is not."""
    sending: dict[FeedId, int] = field(default_factory=dict)
    """Feeds the peer wants messages of: the last sequence that was given to it, or that it has itself."""
    to_read: dict[FeedId, None] = field(default_factory=dict)
    reading: set[FeedId] = field(default_factory=set)
    receiving: set[FeedId] = field(default_factory=set)
    """Feeds this peer was asked to send: it is the active sender of each."""
    expected: dict[FeedId, int] = field(default_factory=dict)
    """Last sequence that came in order, where it is on its way to the log."""
    restarted: set[FeedId] = field(default_factory=set)
    """Feeds asked for again: what comes out of order until then was sent before."""
    owed: set[FeedId] = field(default_factory=set)
    """Feeds it said it has more of, was asked for, and did not send."""
    is_proven: bool = False
    """Whether it sent anything new."""
    refused: set[FeedId] = field(default_factory=set)
    forked: set[FeedId] = field(default_factory=set)
    congested: bool = False
    unwanted: int = 0
    """Feeds it named first when they were not shared."""

    def claim(self, feed: FeedId) -> int:
        """The last sequence of the feed that the peer is known to have; -1 when it said none or refuses it."""
        return self.heard.get(feed, NOT_SHARED).sequence

    def tell(self, feed: FeedId, sequence: int, receive: bool) -> None:
        """Sets what the peer will be told about the feed."""
        self.told[feed] = told = Told(sequence, receive)
        if self.notes is None:
            self.notes = {}
        self.notes[feed] = told

    def stop(self, feed: FeedId) -> None:
        """Forgets all that is under way about the feed; what was said stays."""
        self.stop_sending(feed)
        self.expected.pop(feed, None)
        self.restarted.discard(feed)

    def stop_sending(self, feed: FeedId) -> None:
        """The peer is given no more of the feed until it asks again."""
        self.sending.pop(feed, None)
        self.to_read.pop(feed, None)

    def remember(self) -> Memory:
        """What to keep for the next session: sequences of both sides, of feeds that both spoke of."""
        both = [
            feed
            for feed, told in self.told.items()
            if told.sequence >= 0 and self.heard.get(feed, NOT_SHARED).sequence >= 0
        ]
        return Memory(
            {feed: self.heard[feed].sequence for feed in both},
            {feed: self.told[feed].sequence for feed in both},
            self.forked,
        )
