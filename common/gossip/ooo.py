"""Messages asked for by their ids, out of order: who wants which, who was asked, who gets the answer.

Knows ids and peers; must never know messages, streams or the store. Called by the replication service. The rules
are those of ssb-ooo 1.3.3 and its gossip-query 2.0.2, which are written down nowhere else:

Both sides of the stream `ooo.stream` send objects, `{id: n}` for a question and `{id: message}` for an answer; one
object may hold many of both, and who has no answer says nothing. The number is -1 from who wants the message
itself, and one less for each peer that passes the question on; what is further than LAST is not passed on. A new
peer is asked for everything that is still wanted.

What the reference does not do: it never forgets a question, forgets who asks at the distance of somebody else,
and asks those back who asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from common.refs import FeedId, MessageId, is_message

__all__ = ["Heard", "Ooo"]

FIRST: Final = -1
"""The number with which we ask for what is wanted here."""
LAST: Final = -3
"""The number that no peer listens to any more."""
MAX_WANTS: Final = 1_000
"""Questions of one peer that stand, and answers that wait for it: a hundred bytes each, and one look into the store."""
MAX_QUERIES: Final = 20_000
"""Questions in all, of peers and our own."""
MAX_OWN: Final = 1_000
"""Questions of our own; the oldest makes room."""
OWN_MS: Final = 3_600_000
"""How long we go on asking new peers for what was wanted here, after whoever wanted it gave up."""
FOREIGN_MS: Final = 600_000
"""How long a peer's question stands; it asks again when it connects again."""
MAX_ASKS: Final = 500
"""Questions in one object: some 30 kB."""
MAX_ANSWERS: Final = 16
"""Answers in one object: 400 kB at most."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is to be done with what a peer sent: ids to look for in the store, and answers to be judged.

    `n_ignored` counts what was no question, not asked for, or too much.
    """

    look_for: list[MessageId]
    answers: list[MessageId]
    n_ignored: int


@dataclass(slots=True)
class _Query:
    """One message that somebody wants; `stage` is where the look for it stands."""

    weight: int
    until: float
    own: bool
    stage: str = "looking"  # in the store; then "open", and "judging" while an answer is
    wanted_by: set[FeedId] = field(default_factory=set)
    asked: set[FeedId] = field(default_factory=set)


@dataclass(slots=True)
class _Peer:
    wants: set[MessageId] = field(default_factory=set)
    asks: dict[MessageId, None] = field(default_factory=dict)
    """Open queries that it was not asked yet, in order."""
    answers: dict[MessageId, None] = field(default_factory=dict)
    """What it wanted and the store has, in order."""


class Ooo:
    """All questions of one process. Times are milliseconds of any steady clock."""

    def __init__(self) -> None:
        self._queries: dict[MessageId, _Query] = {}
        self._own: dict[MessageId, None] = {}
        self._peers: dict[FeedId, _Peer] = {}

    @property
    def n_queries(self) -> int:
        """Questions that stand."""
        return len(self._queries)

    @property
    def n_peers(self) -> int:
        """Peers that can be asked."""
        return len(self._peers)

    def join(self, peer: FeedId) -> None:
        """A stream to the peer begins."""
        self._peers[peer] = _Peer()
        for key, query in self._queries.items():
            self._ask(peer, key, query)

    def leave(self, peer: FeedId) -> None:
        """The peer's stream is over; what only it wanted is no longer looked for."""
        for key in self._peers.pop(peer).wants:
            query = self._queries[key]
            query.wanted_by.discard(peer)
            if not query.own and not query.wanted_by:
                self._drop(key)
        for query in self._queries.values():
            query.asked.discard(peer)

    def want(self, key: MessageId, now: float) -> None:
        """We want a message; `have` or `miss` follows, once it has been looked for in the store."""
        query = self._queries.get(key)
        if query is None:
            if len(self._own) >= MAX_OWN or len(self._queries) >= MAX_QUERIES:
                self._drop(next(iter(self._own or self._queries)))
            query = self._queries[key] = _Query(FIRST, now, own=True)
        query.own, query.weight = True, FIRST
        self._ask_all(key, query)
        query.until = max(query.until, now + OWN_MS)
        self._own.pop(key, None)
        self._own[key] = None

    def hear(self, peer: FeedId, items: Mapping[str, int | None], now: float) -> Heard:
        """The peer sent an object: the number of each question, None where an answer stands."""
        look_for: list[MessageId] = []
        answers: list[MessageId] = []
        n_ignored = 0
        for key, number in items.items():
            if not is_message(key):
                n_ignored += 1
            elif number is not None:
                if number >= 0 or number <= LAST:
                    n_ignored += number >= 0
                elif not self._wanted_by(peer, key, number, now, look_for):
                    n_ignored += 1
            elif self._takes(peer, key):
                answers.append(key)
            else:
                n_ignored += 1
        return Heard(look_for, answers, n_ignored)

    def have(self, keys: Iterable[MessageId]) -> None:
        """The store has these messages: whoever wants them gets them, and nobody else is asked."""
        for key in keys:
            query = self._queries.get(key)
            if query is not None:
                for peer in query.wanted_by:
                    self._peers[peer].answers[key] = None
                self._drop(key)

    def miss(self, keys: Iterable[MessageId]) -> None:
        """The store has not these messages, or an answer was of no use: others are asked."""
        for key in keys:
            query = self._queries.get(key)
            if query is not None:
                query.stage = "open"
                self._ask_all(key, query)

    def asks(self, peer: FeedId) -> dict[MessageId, int]:
        """Questions to send to a peer now."""
        waiting = self._peers[peer].asks
        found: dict[MessageId, int] = {}
        while waiting and len(found) < MAX_ASKS:
            key = next(iter(waiting))
            del waiting[key]
            query = self._queries[key]
            query.asked.add(peer)
            found[key] = query.weight
        return found

    def answers(self, peer: FeedId) -> list[MessageId]:
        """Ids of messages in the store to send to a peer now."""
        waiting = self._peers[peer].answers
        found = list(waiting)[:MAX_ANSWERS]
        for key in found:
            del waiting[key]
        return found

    def is_due(self, peer: FeedId) -> bool:
        """Whether there is something to send to a peer."""
        found = self._peers.get(peer)
        return found is not None and bool(found.asks or found.answers)

    def expire(self, now: float) -> None:
        """Forgets what was wanted too long ago."""
        for key in [key for key, query in self._queries.items() if query.until <= now]:
            self._drop(key)

    def _wanted_by(
        self, peer: FeedId, key: MessageId, number: int, now: float, look_for: list[MessageId]
    ) -> bool:
        known, query = self._peers[peer], self._queries.get(key)
        if len(known.wants) + len(known.answers) >= MAX_WANTS and key not in known.wants:
            return False
        if query is None:
            if len(self._queries) >= MAX_QUERIES:
                return False
            query = self._queries[key] = _Query(number - 1, now + FOREIGN_MS, own=False)
            look_for.append(key)
        elif number > query.weight:
            query.weight = number - 1
            self._ask_all(key, query)
        query.wanted_by.add(peer)
        known.wants.add(key)
        known.asks.pop(key, None)
        return True

    def _takes(self, peer: FeedId, key: MessageId) -> bool:
        query = self._queries.get(key)
        if query is None or query.stage != "open" or peer not in query.asked:
            return False
        query.stage = "judging"
        return True

    def _ask_all(self, key: MessageId, query: _Query) -> None:
        for peer in self._peers:
            self._ask(peer, key, query)

    def _ask(self, peer: FeedId, key: MessageId, query: _Query) -> None:
        if query.stage != "open" or query.weight <= LAST:
            return
        if peer not in query.asked and peer not in query.wanted_by:
            self._peers[peer].asks[key] = None

    def _drop(self, key: MessageId) -> None:
        query = self._queries.pop(key)
        self._own.pop(key, None)
        for peer in query.wanted_by:
            self._peers[peer].wants.discard(key)
        for known in self._peers.values():
            known.asks.pop(key, None)
