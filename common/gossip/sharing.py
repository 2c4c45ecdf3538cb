"""Which feeds are exchanged with which peer: wishes, blocks, refusals, and what is said of them.

Knows notes of both sides; must never know messages or streams. Called by the EBT machine.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from common.gossip.outgoing import Outgoing
from common.gossip.refusals import Term
from common.gossip.senders import Senders
from common.gossip.session import REFUSED, Session, Told
from common.gossip.state import State
from common.refs import FeedId

MAX_PEERS_REFUSED: Final = 1_024
"""Peers of which refused feeds are remembered; of older ones what was wrong is looked at again."""
RECALL_MS: Final = 30_000
"""How old a session is when it begins to tell what it left out: a short visit is not worth it."""
RECALLED_AT_ONCE: Final = 50
"""Feeds that are told then on each tick: 3 KB a second."""
OFFER_MS: Final = 30_000
"""How often feeds that a peer refused are offered to it again."""


class Sharing:
    """The part of the machine that begins and ends the exchange of feeds."""

    def __init__(self, state: State, senders: Senders, outgoing: Outgoing) -> None:
        self._state = state
        self._senders = senders
        self._outgoing = outgoing
        self._offered_at = 0.0

    def start(self, session: Session, now: float) -> None:
        """Tells the first notes: at once when the peer called, else after the peer's.

        A feed of which the peer had our head is left out: it is told when either side gets more, or later.
        """
        always = (session.peer, self._state.own)
        session.started = True
        session.notes = {}
        session.refusals.end(now)
        memory, session.memory = session.memory, {}
        for feed in self._state.wanted:
            if not self._state.is_shared(feed, session):
                continue
            head = self._state.head(feed)
            if memory.get(feed) == head and feed not in always:
                session.skip(feed, head)
            else:
                self._senders.greet(session, feed, now)

    def answer(self, session: Session, feed: FeedId, note: Told, now: float) -> None:
        """Acts on what the peer has and wants of a shared feed."""
        if note.sequence == REFUSED:
            session.stop(feed)
            self._senders.release(session, feed, now)
            return
        if note.receive:
            self._outgoing.asked(session, feed, note.sequence)
        else:
            session.stop_sending(feed)
        if feed in session.skipped:
            self._senders.greet(session, feed, now)
        head = self._state.head(feed)
        if note.sequence > head:
            self._senders.claimed(session, feed, now)
        offered = session.offered(feed, head)
        if note.sequence < offered != session.told[feed].sequence and not note.receive:
            session.tell(feed, head, receive=feed in session.receiving)

    def want(self, added: Iterable[FeedId], removed: Iterable[FeedId], now: float) -> None:
        """Other feeds are replicated from now on."""
        added = list(added)
        for feed in added:
            self._state.wanted[feed] = None
        started = [s for s in self._state.sessions.values() if s.started]
        for feed in added:
            for session in started:
                self.begin(session, feed, now)
        for feed in removed:
            self._state.wanted.pop(feed, None)
            for session in started:
                if feed in session.told:
                    self.end(session, feed, now)

    def block(self, author: FeedId, target: FeedId, *, blocked: bool, now: float) -> None:
        """The author blocks the target, or no longer: its feed is not given to whom it blocks."""
        targets = self._state.blocks.setdefault(author, set())
        (targets.add if blocked else targets.discard)(target)
        if not targets:
            del self._state.blocks[author]
        session = self._state.sessions.get(target)
        if session is None:
            return
        if blocked and author in session.told:
            self.end(session, author, now)
        elif not blocked and session.started:
            self.begin(session, author, now)

    def begin(self, session: Session, feed: FeedId, now: float) -> None:
        """A feed is shared from now on: acts on what the peer said of it before."""
        if not self._state.is_shared(feed, session):
            return
        session.restarted.add(feed)
        said = session.heard.get(feed)
        self._senders.greet(session, feed, now)
        if said is not None and said.sequence != REFUSED:
            self.answer(session, feed, said, now)

    def end(self, session: Session, feed: FeedId, now: float) -> None:
        """A feed is no longer shared: the peer is told so."""
        session.stop(feed)
        session.tell(feed, REFUSED, receive=False)
        self._senders.release(session, feed, now)

    def refuse(self, session: Session, feed: FeedId, term: Term, now: float) -> None:
        """Ends the exchange of a feed because of what the peer sent, for a time."""
        session.refusals.add(feed, term, now)
        self.end(session, feed, now)
        refusals = self._state.refusals
        refusals.pop(session.peer, None)
        refusals[session.peer] = session.refusals
        if len(refusals) > MAX_PEERS_REFUSED:
            del refusals[next(iter(refusals))]

    def tick(self, now: float) -> None:
        """Does what is due: refusals that are over, what was left out, offers."""
        for session in self._state.sessions.values():
            if not session.started:
                continue
            self._outgoing.tick(session)
            if session.refusals.until:
                for feed in session.refusals.end(now):
                    self.begin(session, feed, now)
            if session.skipped and now - session.connected_at >= RECALL_MS:
                for feed in list(islice(session.skipped, RECALLED_AT_ONCE)):
                    self._senders.greet(session, feed, now)
        if now - self._offered_at >= OFFER_MS:
            self._offered_at = now
            for session in self._state.sessions.values():
                self._outgoing.offer(session)
