"""Which messages of a peer are answers to what it was asked, even when somebody else was faster.

Knows the highest sequence that a peer sent of each feed in one session; must never know the log. Called by the link of
that session. With several workers two peers may be asked for the same feed, one by each: the slower one sends what is
known by then, and does nothing wrong.
"""

from collections.abc import Collection, Sequence

from common.gossip import Message
from common.refs import FeedId

__all__ = ["Answers"]


class Answers:
    """The answers of one session."""

    def __init__(self) -> None:
        self._sent: dict[FeedId, int] = {}

    def count(self, messages: Sequence[Message], asked: Collection[FeedId]) -> int:
        """How many of these come for the first time, of feeds that the peer is asked for."""
        sent, n = self._sent, 0
        for feed, sequence, _ in messages:
            if feed in asked and sequence > sent.get(feed, 0):
                sent[feed] = sequence
                n += 1
        return n
