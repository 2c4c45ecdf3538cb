"""What is known of one peer while a stream to it stands.

Knows notes, positions and flags of one peer; must never know other peers or decide anything. Called by the EBT
machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from common.gossip.refusals import Refusals
from common.refs import FeedId

REFUSED: Final = -1


class Told(NamedTuple):
    """One side's last word about a feed: its last sequence (-1: refused), and whether it wants messages."""

    sequence: int
    receive: bool


NOT_SHARED: Final = Told(REFUSED, False)


@dataclass(slots=True, eq=False)
class Session:
    """One peer's session. `heard` and `told` are the last words of both sides about each feed."""

    peer: FeedId
    connected_at: float
    heard_at: float
    started: bool = False
    """Whether the first notes were told."""
    is_silent: bool = True
    """Whether the peer has not told its first notes yet."""
    memory: Mapping[FeedId, int] = field(default_factory=dict)
    """What the peer had when the session before ended, until this one starts."""
    heard: dict[FeedId, Told] = field(default_factory=dict)
    told: dict[FeedId, Told] = field(default_factory=dict)
    notes: dict[FeedId, Told] | None = None
    """What is to be told at the end of the event; an empty one is sent too, None is not."""
    halts: dict[FeedId, Told] = field(default_factory=dict)
    """What is to be told before that."""
    skipped: dict[FeedId, None] = field(default_factory=dict)
    """Feeds that were left out of the first notes and not spoken of since."""
    sending: dict[FeedId, int] = field(default_factory=dict)
    """Feeds the peer wants messages of: the last sequence that was given to it, or that it has itself."""
    to_read: dict[FeedId, None] = field(default_factory=dict)
    reading: set[FeedId] = field(default_factory=set)
    holes: dict[FeedId, int] = field(default_factory=dict)
    """Feeds of which a message was deleted here that the peer lacks: the last sequence before it."""
    receiving: dict[FeedId, None] = field(default_factory=dict)
    """Feeds this peer was asked to send: it is the active sender of each."""
    expected: dict[FeedId, int] = field(default_factory=dict)
    """Last sequence that came in order, where it is on its way to the log."""
    restarted: set[FeedId] = field(default_factory=set)
    """Feeds asked for again: what comes out of order until then was sent before."""
    owed: set[FeedId] = field(default_factory=set)
    """Feeds it said it has more of, was asked for, and did not send."""
    is_proven: bool = False
    """Whether it sent anything new."""
    refusals: Refusals = field(default_factory=Refusals)
    """Shared with the peer's sessions before and after."""
    is_owed_own: bool = False
    """Whether messages of its own feed came that it asked for."""
    congested: bool = False
    resting: bool = False
    """It is asked for nothing and given nothing for now; notes are exchanged."""
    unwanted: int = 0
    """Feeds it named first when they were not shared."""

    def claim(self, feed: FeedId) -> int:
        """The last sequence of the feed that the peer is known to have; -1 when it said none or refuses it."""
        return self.heard.get(feed, NOT_SHARED).sequence

    def offered(self, feed: FeedId, head: int) -> int:
        """How far the peer can get a feed here: to the head, or to before a hole that it stands at."""
        hole = self.holes.get(feed)
        return head if hole is None or self.claim(feed) > hole else min(hole, head)

    def is_at_hole(self, feed: FeedId) -> bool:
        """Whether what the peer lacks next was deleted here."""
        return self.holes.get(feed) == self.sending.get(feed, REFUSED)

    def tell(self, feed: FeedId, sequence: int, receive: bool) -> None:
        """Sets what the peer will be told about the feed, and no more than it can get."""
        self.told[feed] = told = Told(self.offered(feed, sequence), receive)
        if self.notes is None:
            self.notes = {}
        self.notes[feed] = told
        self.skipped.pop(feed, None)

    def skip(self, feed: FeedId, sequence: int) -> None:
        """Leaves a feed out of what is told: the peer was seen to have all of it."""
        self.heard[feed] = self.told[feed] = Told(sequence, receive=False)
        self.skipped[feed] = None

    def restart(self, feed: FeedId) -> None:
        """Has the feed asked for anew, from a sequence that the peer has passed: it is refused first.

        A peer that is only asked again takes it for a repetition, and goes on where it is; and ssb-ebt believes
        that we have less than it remembers after a refusal only (`max` of epidemic-broadcast-trees).
        """
        self.expected.pop(feed, None)
        self.restarted.add(feed)
        self.halts[feed] = NOT_SHARED

    def stop(self, feed: FeedId) -> None:
        """Forgets all that is under way about the feed; what was said stays."""
        self.stop_sending(feed)
        self.expected.pop(feed, None)
        self.holes.pop(feed, None)
        self.restarted.discard(feed)
        self.halts.pop(feed, None)

    def stop_sending(self, feed: FeedId) -> None:
        """The peer is given no more of the feed until it asks again."""
        self.sending.pop(feed, None)
        self.to_read.pop(feed, None)

    def clock(self) -> dict[FeedId, int]:
        """What the peer has of the feeds that both spoke of and neither refused.

        A refusal is not part of it: remembered, it would outlive its reason (ssb-ebt#61).
        """
        heard = self.heard
        return {
            feed: heard[feed].sequence
            for feed, told in self.told.items()
            if told.sequence >= 0 and heard.get(feed, NOT_SHARED).sequence >= 0
        }
