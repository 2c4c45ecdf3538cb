"""Blobs wanted and had: one machine for all peers, events in, commands out.

Knows the want protocol of the guide's section "Want and have" as ssb-blobs 1.2 and 2.0 speak it; must never know
streams, files or why a blob is wanted. Called by the blobs service.

A want travels with its distance: who wants for himself says -1, who wants for a peer -2, and so on up to
`sympathy`. Who has the blob answers with its size, and everybody says the size of what he has got. One peer at a
time is asked for a blob; when it fails the next one is, and it itself is told of the want again later, so that
an honest peer can answer anew.

Differences from the JavaScript, on purpose: what others want is forgotten after a while; a peer that failed is
asked again, with growing pauses; wants, fetches and claims are counted and limited.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from common.gossip.wanting import (
    OWN,
    Abandon,
    Command,
    Deaf,
    Dropped,
    Event,
    Fetch,
    FetchFailed,
    Filled,
    Freed,
    Gone,
    Listening,
    Met,
    Policy,
    Pushed,
    Said,
    Shun,
    Spread,
    Stored,
    Tell,
    Ticked,
    Wanted,
)
from common.refs import BlobId, FeedId, is_blob

AGAIN_MS: Final = 10_000
"""The first pause before a peer that failed is told of the want again; doubled each time."""
MAX_AGAIN_MS: Final = 3_600_000
MAX_DOUBLINGS: Final = 10
SYMPATHY_MS: Final = 86_400_000
"""How long a blob is wanted for others: a day. Who still wants it then says so at the next connection."""
SWEEP_MS: Final = 60_000
MAX_LIES: Final = 3


@dataclass(slots=True, eq=False)
class Peer:
    """One peer that can be asked."""

    lies: int = 0
    asked: set[BlobId] = field(default_factory=set)
    """What is wanted for it alone."""
    queue: dict[BlobId, None] = field(default_factory=dict)
    """Wanted blobs that it has, in the order in which it said so."""
    fetching: dict[BlobId, None] = field(default_factory=dict)
    again: dict[BlobId, float] = field(default_factory=dict)
    """Wants that it is to be told of again, and when."""


@dataclass(slots=True, eq=False)
class Want:
    """One wanted blob."""

    distance: int
    since: float
    asker: FeedId | None
    source: FeedId | None = None
    holders: dict[FeedId, int] = field(default_factory=dict)
    failures: dict[FeedId, int] = field(default_factory=dict)
    liars: set[FeedId] = field(default_factory=set)


class Wants:
    """The machine. `handle` is the only way in; everything it wants done is in what it returns."""

    def __init__(
        self,
        policy: Policy,
        now: float,
        wanted: Iterable[BlobId] = (),
        pushed: Mapping[BlobId, Mapping[FeedId, int]] | None = None,
    ) -> None:
        self.policy = policy
        self._wants = {blob: Want(OWN, now, None) for blob in wanted}
        self._pushes = {blob: dict(peers) for blob, peers in (pushed or {}).items()}
        self._peers: dict[FeedId, Peer] = {}
        self._listeners: dict[FeedId, dict[BlobId, int]] = {}
        """What each is to be told at the end of the event."""
        self._fetches = 0
        self._full = False
        self._swept_at = now
        self._handlers: dict[type, Callable[[Any], Iterator[Command]]] = {
            Met: self._met,
            Gone: self._gone,
            Listening: self._listening,
            Deaf: self._deaf,
            Said: self._said,
            Wanted: self._wanted,
            Dropped: self._dropped,
            Pushed: self._pushed,
            Stored: self._stored,
            FetchFailed: self._fetch_failed,
            Filled: self._filled,
            Freed: self._freed,
            Ticked: self._ticked,
        }

    @property
    def wants(self) -> Mapping[BlobId, Want]:
        """What is wanted, for ourselves and for others; to be read only."""
        return self._wants

    @property
    def pushes(self) -> Mapping[BlobId, Mapping[FeedId, int]]:
        """What is offered, and who has it already; to be read only."""
        return self._pushes

    @property
    def fetches(self) -> int:
        """How many are under way."""
        return self._fetches

    def handle(self, event: Event) -> list[Command]:
        """Takes one event; gives back what to do, in this order."""
        commands = list(self._handlers[type(event)](event))
        for name, peer in self._peers.items():
            if peer.queue and not self._full:
                commands.extend(self._next(name, peer))
        for listener, notes in self._listeners.items():
            if notes:
                commands.append(Tell(listener, notes))
                self._listeners[listener] = {}
        return commands

    def _met(self, event: Met) -> Iterator[Command]:
        self._peers.setdefault(event.peer, Peer())
        yield from ()

    def _gone(self, event: Gone) -> Iterator[Command]:
        peer = self._peers.pop(event.peer, None)
        self._listeners.pop(event.peer, None)
        if peer is None:
            return
        self._fetches -= len(peer.fetching)
        for blob in peer.fetching:
            self._wants[blob].source = None
        for want in self._wants.values():
            want.holders.pop(event.peer, None)
            want.liars.discard(event.peer)
        for blob in peer.fetching:
            self._queue(blob)
        yield from ()

    def _listening(self, event: Listening) -> Iterator[Command]:
        notes = {blob: want.distance for blob, want in self._wants.items()}
        self._listeners[event.peer] = {}
        yield Tell(event.peer, notes | dict.fromkeys(self._pushes, OWN))

    def _deaf(self, event: Deaf) -> Iterator[Command]:
        self._listeners.pop(event.peer, None)
        yield from ()

    def _said(self, event: Said) -> Iterator[Command]:
        peer = self._peers.get(event.peer)
        if peer is None:
            return
        for blob, note in event.notes.items():
            if not is_blob(blob) or not isinstance(note, int) or isinstance(note, bool):
                continue
            if note > 0:
                yield from self._has(event.peer, peer, blob, note)
            elif note < 0 and (not self.policy.stingy or blob in self._pushes):
                self._asked(event, peer, blob, note - 1)

    def _asked(self, event: Said, peer: Peer, blob: BlobId, distance: int) -> None:
        """The peer wants a blob: it is told its size, or we want it too."""
        size = event.here.get(blob)
        if size is not None:
            if event.peer in self._listeners:
                self._listeners[event.peer][blob] = size
            return
        if -distance > self.policy.sympathy:
            return
        known = self._wants.get(blob)
        if known is not None:
            if known.distance < distance:
                known.distance = distance
                self._announce(blob, distance)
        elif self._has_room() and len(peer.asked) < self.policy.wants_per_peer:
            peer.asked.add(blob)
            self._wants[blob] = Want(distance, event.now, event.peer)
            self._announce(blob, distance)

    def _has_room(self) -> bool:
        return len(self._wants) < self.policy.wants

    def _has(self, name: FeedId, peer: Peer, blob: BlobId, size: int) -> Iterator[Command]:
        """The peer says that it has a blob."""
        push = self._pushes.get(blob)
        if push is not None:
            push[name] = size
            if len(push) >= self.policy.pushy:
                del self._pushes[blob]
                yield Spread(blob, push)
        want = self._wants.get(blob)
        if want is not None and size <= self.policy.max and name not in want.liars:
            want.holders[name] = size
            peer.again.pop(blob, None)
            if want.source is None:
                peer.queue[blob] = None

    def _wanted(self, event: Wanted) -> Iterator[Command]:
        known = self._wants.get(event.blob)
        if known is None:
            self._wants[event.blob] = Want(OWN, event.now, None)
        else:
            self._release(event.blob, known)
            known.distance = OWN
        self._announce(event.blob, OWN)
        yield from ()

    def _release(self, blob: BlobId, want: Want) -> None:
        """The want no longer counts as one for its asker alone."""
        if want.asker is not None and (asker := self._peers.get(want.asker)) is not None:
            asker.asked.discard(blob)
        want.asker = None

    def _dropped(self, event: Dropped) -> Iterator[Command]:
        self._pushes.pop(event.blob, None)
        yield from self._end(event.blob)

    def _end(self, blob: BlobId) -> Iterator[Command]:
        """The blob is not wanted any more, for whatever reason."""
        want = self._wants.pop(blob, None)
        if want is None:
            return
        self._release(blob, want)
        for name in want.holders:
            self._peers[name].queue.pop(blob, None)
        for name in want.failures:
            if name in self._peers:
                self._peers[name].again.pop(blob, None)
        if want.source is not None:
            self._free(want.source, blob)
            yield Abandon(want.source, blob)

    def _pushed(self, event: Pushed) -> Iterator[Command]:
        self._pushes.setdefault(event.blob, {})
        self._announce(event.blob, OWN)
        yield from ()

    def _stored(self, event: Stored) -> Iterator[Command]:
        yield from self._end(event.blob)
        if not self.policy.stingy or event.blob in self._pushes:
            self._announce(event.blob, event.size)

    def _announce(self, blob: BlobId, note: int) -> None:
        for notes in self._listeners.values():
            notes[blob] = note

    def _fetch_failed(self, event: FetchFailed) -> Iterator[Command]:
        peer, want = self._peers.get(event.peer), self._wants.get(event.blob)
        if peer is None or want is None or want.source != event.peer:
            return
        want.source = None
        self._free(event.peer, event.blob)
        want.holders.pop(event.peer, None)
        if event.reason == "lied":
            want.liars.add(event.peer)
            peer.lies += 1
            if peer.lies == MAX_LIES:
                yield Shun(event.peer)
        else:
            failures = want.failures[event.peer] = want.failures.get(event.peer, 0) + 1
            pause = AGAIN_MS * 2 ** min(failures - 1, MAX_DOUBLINGS)
            peer.again[event.blob] = event.now + min(pause, MAX_AGAIN_MS)
        self._queue(event.blob)

    def _filled(self, _: Filled) -> Iterator[Command]:
        self._full = True
        yield from ()

    def _freed(self, _: Freed) -> Iterator[Command]:
        self._full = False
        yield from ()

    def _queue(self, blob: BlobId) -> None:
        """Lets every peer that has the blob be asked."""
        for name in self._wants[blob].holders:
            self._peers[name].queue[blob] = None

    def _free(self, name: FeedId, blob: BlobId) -> None:
        del self._peers[name].fetching[blob]
        self._fetches -= 1

    def _next(self, name: FeedId, peer: Peer) -> Iterator[Command]:
        """Fetches from one peer, as many as may be under way."""
        policy = self.policy
        while (
            peer.queue
            and len(peer.fetching) < policy.fetches_per_peer
            and self._fetches < policy.fetches
        ):
            blob = next(iter(peer.queue))
            del peer.queue[blob]
            want = self._wants[blob]
            if want.source is None:
                want.source = name
                peer.fetching[blob] = None
                self._fetches += 1
                yield Fetch(name, blob, want.holders[name])

    def _ticked(self, event: Ticked) -> Iterator[Command]:
        for name, peer in self._peers.items():
            notes = self._listeners.get(name)
            for blob, due in list(peer.again.items()):
                if due <= event.now and notes is not None:
                    del peer.again[blob]
                    notes[blob] = self._wants[blob].distance
        if event.now - self._swept_at >= SWEEP_MS:
            self._swept_at = event.now
            yield from self._forget(event.now - SYMPATHY_MS)

    def _forget(self, before: float) -> Iterator[Command]:
        """Gives up what others wanted long ago."""
        wants = self._wants.items()
        for blob in [b for b, want in wants if want.distance != OWN and want.since < before]:
            yield from self._end(blob)
