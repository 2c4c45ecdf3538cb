"""What the whole EBT machine shares: heads, wishes, blocks and sessions.

Knows facts; must never decide. Called by the machine and its two halves, `Senders` and `Outgoing`.
"""

from dataclasses import dataclass, field

from common.gossip.refusals import Refusals
from common.gossip.session import Session
from common.refs import FeedId


@dataclass(slots=True)
class State:
    """Facts of this node, and the sessions that stand."""

    own: FeedId
    clock: dict[FeedId, int] = field(default_factory=dict)
    wanted: dict[FeedId, None] = field(default_factory=dict)
    """A set in the order of asking."""
    blocks: dict[FeedId, set[FeedId]] = field(default_factory=dict)
    sessions: dict[FeedId, Session] = field(default_factory=dict)
    refusals: dict[FeedId, Refusals] = field(default_factory=dict)
    """Of peers that sent what was wrong, also without a session."""
    unwanted: int = 0
    """Feeds that peers named and that are not shared, of all sessions."""
    passed_over: int = 0
    max_messages: int = 0
    """Of one feed but our own; 0 for as many as there are."""
    over_limit: int = 0
    """Messages that came beyond that."""

    def head(self, feed: FeedId) -> int:
        """The last sequence held of a feed; 0 for none."""
        return self.clock.get(feed, 0)

    def may_ask(self, feed: FeedId, session: Session) -> bool:
        """Whether a peer may be asked for more of a shared feed: it does not rest, and the feed has not its limit here."""
        return not session.resting and not self.is_beyond(feed, self.head(feed) + 1)

    def is_beyond(self, feed: FeedId, sequence: int) -> bool:
        """Whether a message is more than is taken of its feed."""
        return 0 < self.max_messages < sequence and feed != self.own

    def is_shared(self, feed: FeedId, session: Session) -> bool:
        """Whether the feed is exchanged with this peer: replicated, not refused, its author blocks nobody here."""
        return (
            feed in self.wanted
            and feed not in session.refusals.until
            and session.peer not in self.blocks.get(feed, ())
        )
