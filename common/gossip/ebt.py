"""Epidemic broadcast trees: one machine for all peers, events in, commands out.

Knows the protocol of the guide's section "EBT replication" as epidemic-broadcast-trees 7 and 9 speak it; must
never know streams, the log or the graph. Called by the replication service.

Differences from the JavaScript, on purpose:
- a feed that becomes wanted is told to every peer, whatever the peer said of it before, and what the peer asked
  while the feed was not wanted counts then: a refusal never outlives its reason;
- a refused feed is offered again from time to time when there is more of it than was told;
- a refusal is no part of what is remembered of a peer for its next session (request skipping);
- a feed that was left out of the first notes is told later, a few at a time: both sides may remember of each other
  what a backup that was put back made untrue. The own feed and the peer's are never left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from common.gossip.messages import (
    Appended,
    BlockChanged,
    Command,
    Congested,
    Connected,
    Disconnected,
    EndSession,
    Event,
    FallBack,
    FeedForked,
    FeedRead,
    Message,
    MessageForged,
    MessagesLost,
    MessagesReceived,
    NotesReceived,
    Remember,
    Rested,
    SendNotes,
    Ticked,
    Verify,
    WantedChanged,
)
from common.gossip.outgoing import Outgoing
from common.gossip.refusals import FORGED, FORKED, GAP
from common.gossip.senders import Senders
from common.gossip.session import NOT_SHARED, REFUSED, Session, Told
from common.gossip.sharing import Sharing
from common.gossip.state import State
from common.refs import FeedId, is_feed

MAX_UNWANTED: Final = 50_000
"""Feeds that one peer may name and we do not want, some 300 bytes each: more are passed over in silence. When one
of those becomes wanted the peer is told so, and says again what it has."""
MAX_UNWANTED_IN_ALL: Final = 500_000
"""The same of all peers: some 150 MB."""
SILENT_MS: Final = 30_000
"""How long a peer may take until its first notes; JavaScript peers tell them at once, be they empty."""


class Ebt:
    """The machine. `handle` is the only way in; everything it wants done is in what it returns."""

    def __init__(self, own: FeedId, clock: Mapping[FeedId, int], max_messages: int = 0) -> None:
        self._state = State(own, dict(clock), max_messages=max_messages)
        self._senders = Senders(self._state)
        self._outgoing = Outgoing(self._state)
        self._sharing = Sharing(self._state, self._senders, self._outgoing)
        self._handlers: dict[type, Callable[[Any], Iterator[Command]]] = {
            Connected: self._connected,
            Disconnected: self._disconnected,
            NotesReceived: self._notes_received,
            MessagesReceived: self._messages_received,
            MessagesLost: self._messages_lost,
            FeedForked: self._feed_forked,
            MessageForged: self._message_forged,
            Appended: self._appended,
            WantedChanged: self._wanted_changed,
            BlockChanged: self._block_changed,
            FeedRead: self._feed_read,
            Congested: self._congested,
            Rested: self._rested,
            Ticked: self._ticked,
        }

    @property
    def clock(self) -> Mapping[FeedId, int]:
        """The heads of all feeds here."""
        return self._state.clock

    def memory(self, peer: FeedId) -> dict[FeedId, int] | None:
        """What `Remember` would hold if the peer's session ended now; None where there is nothing new."""
        session = self._state.sessions.get(peer)
        return session.clock() if session is not None and session.started else None

    @property
    def own(self) -> FeedId:
        """Whose node this is."""
        return self._state.own

    @property
    def missing(self) -> Iterable[FeedId]:
        """Feeds of which some peer said it has more than is here."""
        return self._senders.missing

    @property
    def passed_over(self) -> int:
        """Notes that were not taken because their peer, or all together, named too many feeds."""
        return self._state.passed_over

    @property
    def over_limit(self) -> int:
        """Messages that were dropped because their feed has as many here as it may have."""
        return self._state.over_limit

    def room(self, feed: FeedId) -> int:
        """How many more messages of a feed are taken; -1 for all."""
        most = self._state.max_messages
        return max(0, most - self._state.head(feed)) if most and feed != self.own else -1

    @property
    def sessions(self) -> Mapping[FeedId, Session]:
        """What stands, for `ebt.peerStatus` and health; to be read only."""
        return self._state.sessions

    def handle(self, event: Event) -> list[Command]:
        """Takes one event; gives back what to do, in this order."""
        commands = list(self._handlers[type(event)](event))
        for session in self._state.sessions.values():
            if session.notes is not None:
                if session.halts:
                    commands.append(SendNotes(session.peer, session.halts))
                    session.halts = {}
                notes, session.notes = session.notes, None
                commands.append(SendNotes(session.peer, notes))
            if session.to_read:
                commands.extend(self._outgoing.reads(session))
        return commands

    def _connected(self, event: Connected) -> Iterator[Command]:
        if event.peer in self._state.blocks.get(self._state.own, ()):
            yield EndSession(event.peer, "")
            return
        memory = event.memory
        for command in self._drop(event.peer, event.now):
            memory = command.clock
            yield command
        session = Session(event.peer, event.now, heard_at=event.now, memory=memory)
        session.refusals = self._state.refusals.get(event.peer, session.refusals)
        self._state.sessions[event.peer] = session
        if not event.client:
            self._sharing.start(session, event.now)

    def _disconnected(self, event: Disconnected) -> Iterator[Command]:
        yield from self._drop(event.peer, event.now)

    def _drop(self, peer: FeedId, now: float) -> Iterator[Remember]:
        session = self._state.sessions.pop(peer, None)
        if session is None:
            return
        self._state.unwanted -= session.unwanted
        self._senders.release_all(session, now)
        if session.started:
            yield Remember(peer, session.clock())

    def _notes_received(self, event: NotesReceived) -> Iterator[Command]:
        session = self._state.sessions.get(event.peer)
        if session is None:
            return
        session.is_silent = False
        if not session.started:
            self._sharing.start(session, event.now)
        for feed, (sequence, receive) in event.notes.items():
            if feed in self._state.wanted or is_feed(feed):
                note = Told(sequence, receive) if sequence >= 0 else NOT_SHARED
                self._note(session, FeedId(feed), note, event.now)
        yield from ()

    def _note(self, session: Session, feed: FeedId, note: Told, now: float) -> None:
        if not self._state.is_shared(feed, session):
            if feed not in session.heard and not self._has_room(session):
                self._state.passed_over += 1
                return
            session.heard[feed] = note
            if note.sequence != REFUSED and session.told.get(feed) != NOT_SHARED:
                session.tell(feed, REFUSED, receive=False)
            return
        session.heard[feed] = note
        self._sharing.answer(session, feed, note, now)

    def _has_room(self, session: Session) -> bool:
        """Counts one more feed that is not shared, where there is room for it."""
        if session.unwanted >= MAX_UNWANTED or self._state.unwanted >= MAX_UNWANTED_IN_ALL:
            return False
        session.unwanted += 1
        self._state.unwanted += 1
        return True

    def _messages_received(self, event: MessagesReceived) -> Iterator[Command]:
        session = self._state.sessions.get(event.peer)
        if session is None:
            return
        wanted = [m for m in event.messages if self._is_next(session, m, event.now)]
        if wanted:
            session.heard_at = event.now
            for feed in {message.author for message in wanted}:
                self._senders.delivered(session, feed, event.now)
            yield Verify(event.peer, wanted)

    def _is_next(self, session: Session, message: Message, now: float) -> bool:
        """Counts a message as held by the peer; true when it is new and in order."""
        feed, sequence, _ = message
        if not self._state.is_shared(feed, session):
            return False
        if session.sending.get(feed, sequence) < sequence:
            session.sending[feed] = sequence
        said = session.heard.get(feed, NOT_SHARED)
        if said.sequence < sequence:
            session.heard[feed] = Told(sequence, said.receive)
        if self._state.max_messages and self._state.is_beyond(feed, sequence):
            self._state.over_limit += 1
            return False
        known = max(self._state.head(feed), session.expected.get(feed, 0))
        if sequence == known + 1:
            session.expected[feed] = sequence
            session.restarted.discard(feed)
            return True
        if sequence > known and feed not in session.restarted:
            self._sharing.refuse(session, feed, GAP, now)
        return False

    def _messages_lost(self, event: MessagesLost) -> Iterator[Command]:
        session = self._state.sessions.get(event.peer)
        if session is None or not self._state.is_shared(event.feed, session):
            return
        head = self._state.head(event.feed)
        if event.feed in session.restarted:
            return  # asked anew already: this one came before that
        session.expected.pop(event.feed, None)
        if session.claim(event.feed) > head and self._state.may_ask(event.feed, session):
            session.restart(event.feed)
            self._senders.ask(session, event.feed, event.now)
        yield from ()

    def _feed_forked(self, event: FeedForked) -> Iterator[Command]:
        session = self._state.sessions.get(event.peer)
        if session is not None:
            self._sharing.refuse(session, event.feed, FORKED, event.now)
        yield from ()

    def _message_forged(self, event: MessageForged) -> Iterator[Command]:
        session = self._state.sessions.get(event.peer)
        if session is not None:
            self._sharing.refuse(session, event.feed, FORGED, event.now)
            yield from self._drop(event.peer, event.now)
            yield EndSession(event.peer, event.reason)

    def _appended(self, event: Appended) -> Iterator[Command]:
        clock = self._state.clock
        new = [m for m in event.messages if m.sequence > clock.get(m.author, 0)]
        for message in new:
            clock[message.author] = message.sequence
        for feed in {message.author for message in new}:
            self._senders.appended(feed)
        yield from self._outgoing.appended(new)

    def _feed_read(self, event: FeedRead) -> Iterator[Command]:
        session = self._state.sessions.get(event.peer)
        if session is not None:
            yield from self._outgoing.read(session, event)

    def _congested(self, event: Congested) -> Iterator[Command]:
        session = self._state.sessions.get(event.peer)
        if session is not None:
            session.congested = event.congested
        yield from ()

    def _rested(self, event: Rested) -> Iterator[Command]:
        session = self._state.sessions.get(event.peer)
        if session is not None:
            change = self._senders.rest if event.resting else self._senders.resume
            change(session, event.now)
        yield from ()

    def _wanted_changed(self, event: WantedChanged) -> Iterator[Command]:
        self._sharing.want(event.added, event.removed, event.now)
        yield from ()

    def _block_changed(self, event: BlockChanged) -> Iterator[Command]:
        author, target = event.author, event.target
        if author == self._state.own and event.blocked and target in self._state.sessions:
            yield EndSession(target, "")
        self._sharing.block(author, target, blocked=event.blocked, now=event.now)

    def _ticked(self, event: Ticked) -> Iterator[Command]:
        for session in list(self._state.sessions.values()):
            if session.is_silent and event.now - session.connected_at >= SILENT_MS:
                yield from self._drop(session.peer, event.now)
                yield FallBack(session.peer)
        self._sharing.tick(event.now)
        self._senders.tick(event.now)
