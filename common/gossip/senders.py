"""Which peer is asked for which feed.

Knows that one peer at a time sends a feed, and when to ask another; must never know messages or the stream.
Called by the EBT machine.

A feed has at most one active sender. Another one takes its place when it says it has more than the active one
ever said (lag), or when the active one owes: it said it has more than is here, and nothing new came from it for
STALL_MS, or nothing of this feed for PATIENCE_MS. Any other peer only tells what it has, when that changes.

Who sends a feed as it grows hears of new messages a moment before or after others do. It keeps its place unless
others are LATE_TIMES first in a row, or it stays behind for LAG_MS: each change costs a message sent twice.

Claims cost nothing, so they alone must not keep others from sending: who still delivers is not replaced by who
claims more, and who owed once is asked again only when nobody else has more; who owed and never sent anything
new comes last for other feeds too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from common.gossip.session import Session
from common.gossip.state import State
from common.refs import FeedId

STALL_MS: Final = 3_000
"""As the time-out of epidemic-broadcast-trees."""
PATIENCE_MS: Final = 30_000
"""An honest sender of hundreds of feeds sends one after the other; a liar delays a feed for so long at most."""
RETRY_MS: Final = 10_000
"""An active sender without a rival is asked again after this long, in case it forgot."""
LATE_TIMES: Final = 6
"""Messages in a row that others were first to tell of: then their way is the shorter one."""
FEW: Final = 3
"""Messages: a feed of which more are missing is not just growing."""
LAG_MS: Final = 500
"""Longer than a note and a message are apart on most ways."""


@dataclass(slots=True, eq=False)
class Sender:
    """The active sender of a feed, since it was asked."""

    session: Session
    since: float
    """When it was asked, or sent the last message of the feed."""
    has_sent: bool = False
    late: int = 0
    first_told: int = 0
    """The last sequence that another peer told of before it came from this one."""
    behind_since: float | None = None

    def is_late(self, claim: int, now: float) -> bool:
        """Counts that another peer has more; whether others had for too long, or too often."""
        if self.behind_since is None:
            self.behind_since = now
        if claim > self.first_told:
            self.first_told = claim
            self.late += 1
        return self.late >= LATE_TIMES or now - self.behind_since >= LAG_MS

    def delivered(self, sequence: int, now: float) -> None:
        """New messages came from it, up to this one."""
        self.since = now
        self.has_sent = True
        if sequence >= self.first_told:
            self.behind_since = None
        if sequence > self.first_told:
            self.late = 0


class Senders:
    """Active senders by feed, and the feeds of which some peer has more than is here."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._active: dict[FeedId, Sender] = {}
        self._missing: dict[FeedId, None] = {}

    @property
    def missing(self) -> Iterable[FeedId]:
        """The feeds of which some peer has more than is here."""
        return self._missing.keys()

    def ask(self, session: Session, feed: FeedId, now: float) -> None:
        """Makes the peer the active sender, and tells it and the one before."""
        head = self._state.head(feed)
        before = self._active.get(feed)
        if before is not None and before.session is not session:
            before.session.receiving.pop(feed, None)
            before.session.tell(feed, head, receive=False)
        self._active[feed] = Sender(session, now)
        session.receiving[feed] = None
        session.heard_at = max(session.heard_at, now)
        session.tell(feed, head, receive=True)

    def greet(self, session: Session, feed: FeedId, now: float) -> None:
        """Tells the peer of a shared feed for the first time, and asks for it if nobody else was asked."""
        if feed in self._active or not self._state.may_ask(feed, session):
            session.tell(feed, self._state.head(feed), receive=feed in session.receiving)
        else:
            self.ask(session, feed, now)

    def claimed(self, session: Session, feed: FeedId, now: float) -> None:
        """The peer said it has more of a shared feed than is here."""
        if not self._state.may_ask(feed, session):
            return
        self._missing[feed] = None
        active = self._active.get(feed)
        if active is None:
            self.ask(session, feed, now)
            return
        claim = session.claim(feed)
        if active.session is session or claim <= active.session.claim(feed):
            return
        if feed not in session.owed and self._may_replace(active, feed, claim, now):
            self.ask(session, feed, now)

    def _may_replace(self, active: Sender, feed: FeedId, claim: int, now: float) -> bool:
        if self._owes(active.session, feed):
            return not self._is_patient(active, now)
        head = self._state.head(feed)
        is_at_head = active.has_sent or active.session.claim(feed) == head >= claim - FEW
        return not is_at_head or active.is_late(claim, now)

    def delivered(self, session: Session, feed: FeedId, now: float) -> None:
        """New messages of the feed came from the peer, in order."""
        session.is_proven = True
        session.owed.discard(feed)
        active = self._active.get(feed)
        if active is not None and active.session is session:
            active.delivered(session.expected[feed], now)

    def appended(self, feed: FeedId) -> None:
        """The head of a feed grew."""
        active = self._active.get(feed)
        if active is not None and not self._state.may_ask(feed, active.session):
            del self._active[feed]
            active.session.receiving.pop(feed, None)
            active.session.tell(feed, self._state.head(feed), receive=False)
        elif active is not None and self._owes(active.session, feed):
            return
        if feed in self._missing and not self._have_more(feed):
            del self._missing[feed]

    def release(self, session: Session, feed: FeedId, now: float) -> None:
        """The peer sends the feed no longer; asks another one that has more, if there is one."""
        session.receiving.pop(feed, None)
        active = self._active.get(feed)
        if active is not None and active.session is session:
            del self._active[feed]
            if feed in self._missing:
                self._rotate(feed, session, now)

    def release_all(self, session: Session, now: float) -> None:
        """The peer left."""
        for feed in list(session.receiving):
            self.release(session, feed, now)

    def rest(self, session: Session, now: float) -> None:
        """The peer is asked for nothing for now; others are, where they have more."""
        session.resting = True
        for feed in list(session.receiving):
            self.release(session, feed, now)
            session.tell(feed, self._state.head(feed), receive=False)

    def resume(self, session: Session, now: float) -> None:
        """The peer may be asked again; what it sends of before is no error."""
        session.resting = False
        for feed, said in session.heard.items():
            if said.sequence > self._state.head(feed) and self._state.is_shared(feed, session):
                session.restarted.add(feed)
                self.claimed(session, feed, now)

    def tick(self, now: float) -> None:
        """Asks others for what stalled senders owe."""
        for feed in list(self._missing):
            more = self._have_more(feed)
            if not more:
                del self._missing[feed]
                continue
            active = self._active.get(feed)
            if active is None:
                self._rotate(feed, None, now)
            elif self._owes(active.session, feed):
                if not self._is_patient(active, now):
                    self._give_up(active, feed, now)
            elif self._may_replace(active, feed, max(s.claim(feed) for s in more), now):
                self._rotate(feed, active.session, now)

    def _give_up(self, active: Sender, feed: FeedId, now: float) -> None:
        """Asks another than one who owes; the same one again, after a while, where there is none."""
        session = active.session
        session.owed.add(feed)
        if not self._rotate(feed, session, now) and now - session.heard_at > RETRY_MS:
            session.restart(feed)
            self.ask(session, feed, now)

    def _owes(self, session: Session, feed: FeedId) -> bool:
        return session.claim(feed) > self._state.head(feed)

    def _is_patient(self, active: Sender, now: float) -> bool:
        return now - active.session.heard_at < STALL_MS and now - active.since < PATIENCE_MS

    def _have_more(self, feed: FeedId) -> list[Session]:
        head = self._state.head(feed)
        return [
            session
            for session in self._state.sessions.values()
            if session.claim(feed) > head
            and self._state.is_shared(feed, session)
            and self._state.may_ask(feed, session)
        ]

    def _rotate(self, feed: FeedId, after: Session | None, now: float) -> bool:
        """Asks the next peer after this one, in the order of the sessions, that has more."""
        others = self._have_more(feed)
        order = list(self._state.sessions.values())
        place = order.index(after) if after in order else -1
        turn = {id(s): n for n, s in enumerate(order[place + 1 :] + order[: place + 1])}
        others = sorted(
            (s for s in others if s is not after),
            key=lambda s: (feed in s.owed, bool(s.owed) and not s.is_proven, turn[id(s)]),
        )
        if others:
            self.ask(others[0], feed, now)
        else:
            self._recall(feed)
        return bool(others)

    def _recall(self, feed: FeedId) -> None:
        """Tells who was not told of the feed how far it is here: what was remembered of them may be untrue."""
        for session in self._state.sessions.values():
            if feed in session.skipped:
                session.tell(feed, self._state.head(feed), receive=False)
