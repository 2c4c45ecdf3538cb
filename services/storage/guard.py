"""Whether our own feed may go on: a message published behind an old head forks the feed for ever.

Knows how far the log has our feed, how far it was acknowledged here, why the log may be an old one, and how far
peers say they have our feed. Never waits or looks at a clock: times are milliseconds of any steady one, and come
as arguments. Called by the adapter `own_feed`; docs/adr/007 has the reasons.

A claim costs its peer nothing, so one alone can hold us up for `patience` only, counted from when our log last
grew: who has more sends it within that time.
"""

from typing import Final

from services.storage.settings import OwnFeedSettings

__all__ = ["BEHIND", "MAX_CLAIMS", "Guard"]

MAX_CLAIMS: Final = 1_024
"""Peers whose claims are remembered; of more the oldest are forgotten. EBT has 512 sessions at most."""
BEHIND: Final = "messages of our own feed came from peers that this log did not have"


class Guard:
    """The state of one own feed.

    `head` is what the log has, `known` what was acknowledged, `doubt` why the log may be old (None: it is not).
    """

    def __init__(
        self, settings: OwnFeedSettings, head: int, known: int, doubt: str | None, now: float
    ) -> None:
        self.head = head
        self.known = known
        self.doubt = doubt
        self._settings = settings
        self._claims: dict[str, int] = {}
        self._changed_at = now
        self._owed_since: float | None = None

    def seen(self, peer: str, sequence: int, now: float) -> None:
        """A peer told how far it has our feed; who has nothing of it confirms nothing."""
        if sequence <= 0:
            return
        before = self._highest(now), self.confirmations
        self._claims.pop(peer, None)
        self._claims[peer] = sequence
        if len(self._claims) > MAX_CLAIMS:
            del self._claims[next(iter(self._claims))]
        if self._owed_since is None and sequence > self.head:
            self._owed_since = now
        enough = self._settings.confirmations
        if self._highest(now) > before[0] or before[1] < enough <= self.confirmations:
            self._changed_at = now

    def published(self, head: int) -> None:
        """A message was signed here, on purpose: nothing is doubtful any more."""
        self.head = self.known = max(head, self.head)
        self.doubt = None

    def grew(self, head: int, now: float) -> None:
        """Messages of ours came from elsewhere: beyond what was acknowledged they show that the log was old."""
        if head <= self.head:
            return
        self.head = head
        self._changed_at = now
        self._owed_since = now if max(self._claims.values(), default=0) > head else None
        if self.doubt is None and head > self.known:
            self.doubt = BEHIND

    @property
    def confirmations(self) -> int:
        """How many peers said how far they have our feed, and have no more than the log."""
        return sum(claim <= self.head for claim in self._claims.values())

    def missing(self, now: float) -> int:
        """How many messages are still to come back."""
        return max(self._highest(now), self.known, self.head) - self.head

    def is_confirmed(self, now: float) -> bool:
        """Whether a doubtful log holds all of our feed, as far as can be known."""
        enough = self.confirmations >= self._settings.confirmations
        return not self.missing(now) and enough and not self._wait_ms(now)

    def waits_for(self, now: float) -> str | None:
        """What has to happen before the feed may go on, in words; None where it may."""
        if self.doubt is None:
            if self.head >= self.known:
                return None
            return (
                f"our own feed ends at {self.head}, but {self.known} was published: "
                "it goes on when the rest came back from peers"
            )
        needed = self._settings.confirmations
        if missing := self.missing(now):
            waits = f"{missing} messages that are known to be missing"
        elif self.confirmations < needed:
            waits = "peers that tell how far they have it"
        else:
            waits = f"{self._wait_ms(now) / 1000:.0f} s without more of it"
        return (
            f"our own feed is locked at {self.head}: {self.doubt}; it waits for {waits}, "
            f"{self.confirmations} of {needed} peers have confirmed"
        )

    def _highest(self, now: float) -> int:
        """The greatest claim that is believed."""
        overdue = self._owed_since is not None and (
            now - self._owed_since >= self._settings.patience
        )
        believed = [n for n in self._claims.values() if n <= self.head or not overdue]
        return max(believed, default=0)

    def _wait_ms(self, now: float) -> float:
        return max(self._changed_at + self._settings.wait - now, 0.0)
