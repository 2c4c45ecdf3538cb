"""What is sent to whom: old messages from the log, new ones as they are appended, and notes instead.

Knows how far each peer was given each feed it asked for; must never know the stream or where messages lie.
Called by the EBT machine.

A peer that asked for a feed gets it read from the log in runs of READ_LIMIT, a bounded number of feeds at a
time, until it is at the head; from then on each appended message goes to it directly. A congested peer falls
back to reading once it is free again. A peer that did not ask is told the new head, so that it can.

Of a feed with a hole, where a message was deleted here, a peer gets what lies before the hole. Then it is told that
there is no more, so that it asks others; when it has passed the hole it gets the rest.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from common.gossip.messages import Command, FeedRead, Message, ReadFeed, SendMessages
from common.gossip.session import NOT_SHARED, REFUSED, Session
from common.gossip.state import State
from common.refs import FeedId

READ_LIMIT: Final = 500
"""Messages of one read: half of what one bus message may carry."""
MAX_READS: Final = 4
"""Reads for one peer at a time: what waits in memory for it is at most this many runs."""
CROWD: Final = 16
"""Peers above which each has one read at a time: together they keep the log busy all the same."""


class _Run(NamedTuple):
    """New messages of one feed, one after the other."""

    feed: FeedId
    first: int
    last: int
    bodies: list[bytes]


class Outgoing:
    """The sending half of the machine."""

    def __init__(self, state: State) -> None:
        self._state = state

    def asked(self, session: Session, feed: FeedId, sequence: int) -> None:
        """The peer wants what comes after this sequence of a shared feed.

        A peer that is already being sent the feed repeats itself while messages are under way: those still
        come, so the place is kept.
        """
        at = max(sequence, session.sending.get(feed, 0))
        session.sending[feed] = at
        if at < self._state.head(feed):
            session.to_read[feed] = None

    def appended(self, messages: Sequence[Message]) -> Iterator[Command]:
        """Offers new messages, whose heads are already counted, to every peer."""
        by_author = attrgetter("author")
        runs = [
            _Run(feed, run[0].sequence, run[-1].sequence, [message.body for message in run])
            for feed, run in (
                (feed, list(same))
                for feed, same in groupby(sorted(messages, key=by_author), by_author)
            )
        ]
        for session in list(self._state.sessions.values()):
            if not session.started:
                continue
            bodies: list[bytes] = []
            for run in runs:
                at = session.sending.get(run.feed)
                if at is not None:
                    if run.feed == session.peer:
                        session.is_owed_own = True
                    elif at < run.last:
                        bodies += _forward(session, run, at)
                elif self._state.is_shared(run.feed, session):
                    _announce(session, run.feed, run.last)
            if bodies:
                yield SendMessages(session.peer, bodies)

    def read(self, session: Session, event: FeedRead) -> Iterator[Command]:
        """Sends what was read, and reads on."""
        session.reading.discard(event.feed)
        at = session.sending.get(event.feed)
        if at is None:
            return
        if at == event.after and event.bodies:
            session.sending[event.feed] = at = event.last
            yield SendMessages(session.peer, event.bodies)
        elif at == event.after < self._state.head(event.feed):
            _stop_at_hole(session, event.feed, at)
            return
        if at < self._state.head(event.feed):
            session.to_read[event.feed] = None

    def tick(self, session: Session) -> None:
        """Gives a peer messages of its own feed, unless it showed meanwhile that it has them.

        Who just wrote one needs it less than anybody; who lost some gets them a moment later.
        """
        if session.is_owed_own:
            session.is_owed_own = False
            if session.peer in session.sending:
                session.to_read[session.peer] = None

    def offer(self, session: Session) -> None:
        """Tells again of the shared feeds that the peer refused, where there is more than it was told."""
        for feed, said in session.heard.items():
            told = session.told.get(feed)
            if (
                said.sequence == REFUSED
                and told is not None
                and self._state.is_shared(feed, session)
            ):
                head = self._state.head(feed)
                if told.sequence < head:
                    session.tell(feed, head, receive=feed in session.receiving)

    def reads(self, session: Session) -> Iterator[Command]:
        """The reads to begin now."""
        at_once = MAX_READS if len(self._state.sessions) <= CROWD else 1
        while (
            session.to_read
            and len(session.reading) < at_once
            and not (session.congested or session.resting)
        ):
            feed = next((f for f in session.to_read if f not in session.reading), None)
            if feed is None:
                return
            del session.to_read[feed]
            if session.sending[feed] < self._state.head(feed) and not session.is_at_hole(feed):
                session.reading.add(feed)
                yield ReadFeed(session.peer, feed, session.sending[feed], READ_LIMIT)


def _forward(session: Session, run: _Run, at: int) -> Sequence[bytes]:
    """The messages of a run that the peer lacks; a peer that is further behind gets them read, up to a hole."""
    feed, skipped = run.feed, at + 1 - run.first
    if (
        skipped < 0
        or b"" in run.bodies
        or session.congested
        or session.resting
        or feed in session.reading
        or feed in session.to_read
    ):
        session.to_read[feed] = None
        return ()
    session.sending[feed] = run.last
    return run.bodies[skipped:] if skipped else run.bodies


def _stop_at_hole(session: Session, feed: FeedId, at: int) -> None:
    """The peer can get no more of a feed here; who was told of more is refused first (see `Session.restart`)."""
    session.holes[feed] = at
    told = session.told.get(feed, NOT_SHARED)
    if told.sequence > at:
        session.halts[feed] = NOT_SHARED
        session.tell(feed, at, receive=told.receive)


def _announce(session: Session, feed: FeedId, head: int) -> None:
    """Tells a peer that did not ask what it may ask for; one that refused hears only of the beginning."""
    said = session.heard.get(feed)
    if said is not None and said.sequence >= head:
        return
    refused = said is not None and said.sequence == REFUSED
    told = session.told.get(feed)
    if refused and told is not None and told.sequence > 0:
        return
    session.tell(feed, head, receive=feed in session.receiving)
