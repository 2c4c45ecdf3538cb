"""What may enter the log: the state that decides it, and the decisions.

Knows the newest message of every feed and the end of the log; checks only what needs that: a message was
verified before it came here. Never waits, never touches a disk; what lies further back it asks of a
`Past`. Called by the adapter `writer`.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from common.feed.record import Candidate, Record, pack_record

__all__ = [
    "FORK",
    "GAP",
    "KNOWN",
    "MAX_FORKS",
    "MAX_PEERS_OF_FORK",
    "PREVIOUS",
    "Entry",
    "Fork",
    "Group",
    "Head",
    "Log",
    "Past",
]

# Why a candidate was refused (docs/bus.md, section 8).
KNOWN = "known"
GAP = "gap"
PREVIOUS = "previous"
FORK = "fork"

MAX_FORKS: Final = 1_000
"""Feeds whose fork is kept, two messages each: 50 MB at most. Keys are free, and each could fork; our own feed's
fork is always kept."""
MAX_PEERS_OF_FORK: Final = 8
"""Peers remembered that brought the other branch of a feed."""


class Head(NamedTuple):
    """The newest message of a feed, and its position in the log."""

    sequence: int
    key: bytes
    position: int


class Entry(NamedTuple):
    """A message that has been given its place; `record` are the bytes of the log."""

    position: int
    key: bytes
    author: bytes
    sequence: int
    record: bytes


class Fork(NamedTuple):
    """Two branches of a feed.

    `sequence` is the first at which they are known to differ, `ours` and `other` are the keys of the messages
    there, `at` when it was seen (milliseconds since 1970, 0 unknown), `peers` the ids of who brought the other
    branch, `accepted` whether the owner said that the feed goes on all the same.
    """

    sequence: int
    ours: bytes | None
    other: bytes | None
    at: float = 0.0
    peers: tuple[str, ...] = ()
    accepted: bool = False


class Past(Protocol):
    """What the log holds already."""

    def message_at(self, author: bytes, sequence: int) -> Candidate | None:
        """The message of a feed with this sequence, in the form in which it came."""
        ...


class Log:
    """The log as far as it must be in memory; `forks` by author, `own` is us."""

    def __init__(
        self,
        heads: dict[bytes, Head] | None = None,
        position: int = 0,
        received: float = 0.0,
        forks: dict[bytes, Fork] | None = None,
    ) -> None:
        self.heads = heads or {}
        self.position = position
        self.received = received
        self.forks = forks or {}
        self.own = b""
        #: Forks that were seen and not kept: there were too many.
        self.passed_over = 0

    def adopt(self, group: "Group") -> None:
        """Take a group in that has been written."""
        self.heads.update(group.heads)
        self.position += len(group.entries)
        self.forks.update(group.forks)
        self.passed_over += group.passed_over
        if group.entries:
            self.received = Record.parse(group.entries[-1].record).received


class Group:
    """Messages that enter the log in one write; nothing of it counts until the log adopts it."""

    def __init__(self, log: Log, clock: Callable[[], float], past: Past) -> None:
        self.entries: list[Entry] = []
        self.heads: dict[bytes, Head] = {}
        #: For each author whose fork was seen for the first time: two messages that exclude each other.
        self.evidence: list[Candidate] = []
        #: What is known of forks that were seen, by author.
        self.forks: dict[bytes, Fork] = {}
        self.passed_over = 0
        self._log = log
        self._clock = clock
        self._past = past

    def head(self, author: bytes) -> Head | None:
        """The head of a feed as this group leaves it."""
        return self.heads.get(author) or self._log.heads.get(author)

    def add(self, candidate: Candidate, peer: str = "") -> str | None:
        """Give a verified message its place; otherwise say why not, and keep the evidence of a fork.

        `peer` is who brought it, if that is known.
        """
        key, author, sequence, previous, message = candidate
        head = self.heads.get(author) or self._log.heads.get(author)
        expected, last = (1, None) if head is None else (head.sequence + 1, head.key)
        if sequence != expected:
            return GAP if sequence > expected else self._repeated(candidate, peer)
        if previous != last:
            self._convict(candidate, sequence - 1, previous, peer)
            return PREVIOUS
        position = self._log.position + len(self.entries) + 1
        record = pack_record(key, author, sequence, self._clock(), message)
        self.entries.append(Entry(position, key, author, sequence, record))
        self.heads[author] = Head(sequence, key, position)
        return None

    def _repeated(self, candidate: Candidate, peer: str) -> str:
        head = self.head(candidate.author)
        if head and head[:2] == (candidate.sequence, candidate.key):
            return KNOWN
        held = self._message_at(candidate.author, candidate.sequence)
        if held is None or held.key == candidate.key:
            return KNOWN
        self._convict(candidate, candidate.sequence, candidate.key, peer)
        return FORK

    def _convict(self, candidate: Candidate, sequence: int, other: bytes | None, peer: str) -> None:
        """Keep a message, and ours that it contradicts: one pair an author, the owner could make any number."""
        author = candidate.author
        fork = self.forks.get(author) or self._log.forks.get(author)
        if fork is not None:
            if peer and peer not in fork.peers and len(fork.peers) < MAX_PEERS_OF_FORK:
                self.forks[author] = fork._replace(peers=(*fork.peers, peer))
            return
        if len(self._log.forks) + len(self.forks) >= MAX_FORKS and author != self._log.own:
            self.passed_over += 1
            return
        held = self._message_at(author, sequence)
        ours = None if held is None else held.key
        self.evidence += [held, candidate] if held and held.message else [candidate]
        peers = (peer,) if peer else ()
        self.forks[author] = Fork(sequence, ours, other, self._clock(), peers)

    def _message_at(self, author: bytes, sequence: int) -> Candidate | None:
        last = None
        for entry in self.entries:
            if entry.author == author:
                if entry.sequence == sequence:
                    before = last or self._key_before(author, sequence)
                    message = Record.parse(entry.record).message
                    return Candidate(entry.key, author, sequence, before, message)
                last = entry.key
        return self._past.message_at(author, sequence)

    def _key_before(self, author: bytes, sequence: int) -> bytes | None:
        head = self._log.heads.get(author)
        return head.key if head and head.sequence == sequence - 1 else None
