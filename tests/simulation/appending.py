"""From messages as they came to a log: verified, checked by the real intake, appended, each with a delay."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from common.feed.validate import Head, Verified, follows
from common.gossip import Message
from common.refs import FeedId
from services.replication.intake import Intake
from tests.simulation.library import Library
from tests.simulation.timeline import Timeline

VERIFY_MS = 8
APPEND_MS = 6
RETRY_MS = 1_000
"""Before it is said that nothing could be written."""

Log = dict[FeedId, list[Verified]]


class Source(Protocol):
    """Who brought messages, and hears of what became of them."""

    is_over: bool

    def refused(self, feed: FeedId, reason: str) -> None:
        """The log did not take a message: `fork` or `gap`."""

    def forged(self, feed: FeedId) -> None:
        """A message was nobody's."""


class Appending:
    """The way to one log; `appended` is called with what it took."""

    def __init__(
        self,
        timeline: Timeline,
        library: Library,
        log: Log,
        appended: Callable[[list[Verified]], None],
    ) -> None:
        self._timeline = timeline
        self._library = library
        self._log = log
        self._appended = appended
        self._intake = Intake()
        self._waiting: list[tuple[Verified, Source]] = []
        self.is_over = False
        self.is_full = False
        """Whether nothing can be written, as on a full disk."""
        self.evidence: set[FeedId] = set()
        for author, messages in log.items():
            self._intake.set_head(author, Head(messages[-1].key, messages[-1].sequence))

    def take(self, messages: Sequence[Message], source: Source) -> None:
        """Verifies messages in their order; those of a source that ended meanwhile are given up."""
        self._timeline.after(VERIFY_MS, lambda: self._verified(messages, source))

    def publish(self, message: Verified) -> None:
        """Appends an own message at once, where there is room."""
        if not self.is_full:
            self._commit([message])

    def _verified(self, messages: Sequence[Message], source: Source) -> None:
        for message in messages:
            if self.is_over or source.is_over:
                return
            verified = self._library.verify(message.body)
            if verified is None:
                source.forged(message.author)
                return
            self._submit(verified, source)

    def _submit(self, message: Verified, source: Source) -> None:
        candidate = self._intake.take(message)
        if candidate == "known":
            return
        if isinstance(candidate, str):
            self._refuse(message.author, candidate, source)
            return
        self._waiting.append((message, source))
        if len(self._waiting) == 1:
            self._timeline.after(APPEND_MS, self._append)

    def _refuse(self, author: FeedId, reason: str, source: Source) -> None:
        if reason == "fork":
            self.evidence.add(author)
        if not source.is_over:
            source.refused(author, reason)

    def _append(self) -> None:
        if self.is_over:
            return
        waiting, self._waiting = self._waiting, []
        taken = []
        lost: dict[tuple[FeedId, Source], None] = {}
        heads: dict[FeedId, Head] = {}
        for message, source in waiting:
            messages = self._log.get(message.author)
            last = messages[-1] if messages else None
            head = heads.get(message.author) or (last and Head(last.key, last.sequence))
            if self.is_full:
                lost[message.author, source] = None
            elif follows(head, message) is None:
                heads[message.author] = Head(message.key, message.sequence)
                taken.append(message)
            else:
                is_gap = message.sequence > (head.sequence if head else 0) + 1
                self._lose(message.author, "gap" if is_gap else "fork", source)
        for author, source in lost:
            self._timeline.after(RETRY_MS, partial(self._lose, author, "gap", source))
        self._commit(taken)

    def _lose(self, author: FeedId, reason: str, source: Source) -> None:
        self._intake.lose(author)
        self._refuse(author, reason, source)

    def _commit(self, messages: list[Verified]) -> None:
        for message in messages:
            self._log.setdefault(message.author, []).append(message)
            self._intake.set_head(message.author, Head(message.key, message.sequence))
        self._appended(messages)
