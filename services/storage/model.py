"""What may enter the log: the state that decides it, and the decisions.

Knows the newest message of every feed and the end of the log; checks only what needs that: a message was
verified before it came here. Never waits, never touches a disk; what lies further back it asks of a
`Past`. Called by the adapter `writer`.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from common.feed.record import Candidate, Record, pack_record

__all__ = ["FORK", "GAP", "KNOWN", "PREVIOUS", "Entry", "Group", "Head", "Log", "Past"]

# Why a candidate was refused (docs/bus.md, section 8).
KNOWN = "known"
GAP = "gap"
PREVIOUS = "previous"
FORK = "fork"


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


class Past(Protocol):
    """What the log holds already."""

    def message_at(self, author: bytes, sequence: int) -> Candidate | None:
        """The message of a feed with this sequence, in the form in which it came."""
        ...


class Log:
    """The log as far as it must be in memory; `forked` are the authors whose fork is on record."""

    def __init__(
        self,
        heads: dict[bytes, Head] | None = None,
        position: int = 0,
        received: float = 0.0,
        forked: Iterable[bytes] = (),
    ) -> None:
        self.heads = heads or {}
        self.position = position
        self.received = received
        self.forked = set(forked)

    def adopt(self, group: "Group") -> None:
        """Take a group in that has been written."""
        self.heads.update(group.heads)
        self.position += len(group.entries)
        self.forked.update(message.author for message in group.evidence)
        if group.entries:
            self.received = Record.parse(group.entries[-1].record).received


class Group:
    """Messages that enter the log in one write; nothing of it counts until the log adopts it."""

    def __init__(self, log: Log, clock: Callable[[], float], past: Past) -> None:
        self.entries: list[Entry] = []
        self.heads: dict[bytes, Head] = {}
        #: For each author whose fork was seen for the first time: two messages that exclude each other.
        self.evidence: list[Candidate] = []
        self._log = log
        self._clock = clock
        self._past = past

    def head(self, author: bytes) -> Head | None:
        """The head of a feed as this group leaves it."""
        return self.heads.get(author) or self._log.heads.get(author)

    def add(self, candidate: Candidate) -> str | None:
        """Give a verified message its place; otherwise say why not, and keep the evidence of a fork."""
        key, author, sequence, previous, message = candidate
        head = self.heads.get(author) or self._log.heads.get(author)
        expected, last = (1, None) if head is None else (head.sequence + 1, head.key)
        if sequence != expected:
            return GAP if sequence > expected else self._repeated(candidate)
        if previous != last:
            self._convict(candidate, sequence - 1)
            return PREVIOUS
        position = self._log.position + len(self.entries) + 1
        record = pack_record(key, author, sequence, self._clock(), message)
        self.entries.append(Entry(position, key, author, sequence, record))
        self.heads[author] = Head(sequence, key, position)
        return None

    def _repeated(self, candidate: Candidate) -> str:
        head = self.head(candidate.author)
        if head and head[:2] == (candidate.sequence, candidate.key):
            return KNOWN
        held = self._message_at(candidate.author, candidate.sequence)
        if held is None or held.key == candidate.key:
            return KNOWN
        self._convict(candidate, candidate.sequence)
        return FORK

    def _convict(self, candidate: Candidate, sequence: int) -> None:
        """Keep a message, and ours that it contradicts: one pair an author, the owner could make any number."""
        author = candidate.author
        if author in self._log.forked or any(seen.author == author for seen in self.evidence):
            return
        held = self._message_at(author, sequence)
        self.evidence += [candidate] if held is None else [held, candidate]

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
