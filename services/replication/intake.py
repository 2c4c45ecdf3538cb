"""Which verified messages go to the log: the heads, and what is on its way to become one.

Knows sequences and hashes; must never know signatures, which were checked before, or who sent what. Called by
the appender, and by the follower of the log.
"""

from typing import Literal, TypeAlias

from common.feed.record import pack_candidate
from common.feed.validate import Head, Verified, follows
from common.refs import FeedId

Refusal: TypeAlias = Literal["known", "gap"]


class Intake:
    """Heads in the log, and pending ones: the newest message of a feed that storage was asked to append."""

    def __init__(self) -> None:
        self._heads: dict[FeedId, Head] = {}
        self._pending: dict[FeedId, Head] = {}

    def set_head(self, feed: FeedId, head: Head) -> None:
        """The log holds this message as the feed's newest."""
        self._heads[feed] = head
        pending = self._pending.get(feed)
        if pending is not None and pending.sequence <= head.sequence:
            del self._pending[feed]

    def take(self, message: Verified) -> bytes | Refusal:
        """The candidate of a message that continues its feed, which counts as head from now on; or why not.

        One that contradicts the head is a candidate too: storage refuses it and keeps it as evidence.
        """
        feed, sequence = message.author, message.sequence
        head = self._pending.get(feed) or self._heads.get(feed)
        last = 0 if head is None else head.sequence
        if sequence > last + 1:
            return "gap"
        if head is not None and (sequence < last or message.key == head.key):
            return "known"
        if follows(head, message) is None:
            self._pending[feed] = Head(message.key, sequence)
        return pack_candidate(
            message.key, message.author_raw, message.sequence, message.previous, message.compact
        )

    def lose(self, feed: FeedId) -> None:
        """What was pending of a feed will not come to the log."""
        self._pending.pop(feed, None)
