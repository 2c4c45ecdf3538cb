"""What may enter the log, by any mix of messages."""

from collections.abc import Iterable
from hashlib import sha256
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from common.feed.record import Candidate, Record
from services.storage.model import (
    FORK,
    GAP,
    KNOWN,
    MAX_FORKS,
    MAX_PEERS_OF_FORK,
    PREVIOUS,
    Group,
    Log,
)

A, B = b"a" * 32, b"b" * 32


def message(
    author: bytes, sequence: int, branch: str = "", previous: bytes | None = None
) -> Candidate:
    """The message of a feed whose branch forks off somewhere before it."""
    if previous is None and sequence > 1:
        previous = message(author, sequence - 1, branch[: max(sequence - 2, 0)]).key
    text = f"{author!r} {sequence} {branch} {previous!r}".encode()
    return Candidate(sha256(text).digest(), author, sequence, previous, text)


class Kept:
    """A log in memory, with all that was ever written."""

    def __init__(self) -> None:
        self.log = Log()
        self.written: list[Candidate] = []
        self.received: list[float] = []
        self.evidence: list[Candidate] = []
        self.ticks = count(1)

    def message_at(self, author: bytes, sequence: int) -> Candidate | None:
        found = [m for m in self.written if (m.author, m.sequence) == (author, sequence)]
        return found[0] if found else None

    def commit(self, candidates: Iterable[Candidate], peer: str = "") -> list[str | None]:
        group = Group(self.log, lambda: float(next(self.ticks)), self)
        reasons = []
        for candidate in candidates:
            reasons.append(group.add(candidate, peer))
            if reasons[-1] is None:
                self.written.append(candidate)
        self.received += [Record.parse(entry.record).received for entry in group.entries]
        self.evidence += group.evidence
        self.log.adopt(group)
        return reasons


def test_candidates_of_one_group_chain_on_each_other() -> None:
    kept = Kept()
    assert kept.commit([message(A, 1), message(A, 2), message(B, 1), message(A, 3)]) == [None] * 4
    assert kept.log.position == 4
    assert kept.log.heads[A][:2] == (3, message(A, 3).key)
    assert kept.log.heads[A].position == 4
    assert kept.commit([message(A, 4)]) == [None]


def test_known_messages_and_gaps_are_skipped() -> None:
    kept = Kept()
    kept.commit([message(A, 1), message(A, 2)])
    assert kept.commit([message(A, 1), message(A, 2), message(A, 4), message(B, 2)]) == [
        KNOWN,
        KNOWN,
        GAP,
        GAP,
    ]
    assert kept.log.position == 2
    assert kept.evidence == []


def test_fork_is_refused_and_both_messages_kept() -> None:
    kept = Kept()
    kept.commit([message(A, 1), message(A, 2), message(A, 3)])
    other = message(A, 2, "x")
    assert kept.commit([other, message(A, 4)]) == [FORK, None]
    assert kept.evidence == [message(A, 2), other]
    assert set(kept.log.forks) == {A}
    assert kept.commit([message(A, 3, "y")]) == [FORK]
    assert len(kept.evidence) == 2  # one pair says it all


def test_fork_tells_where_branches_differ_and_who_brought_the_other() -> None:
    kept = Kept()
    kept.commit([message(A, 1), message(A, 2)])
    other = message(A, 2, "x")
    for peer in ("p", "q", "p", ""):
        assert kept.commit([other], peer) == [FORK]
    fork = kept.log.forks[A]
    assert (fork.sequence, fork.ours, fork.other) == (2, message(A, 2).key, other.key)
    assert (fork.peers, fork.accepted) == (("p", "q"), False)
    for n in range(2 * MAX_PEERS_OF_FORK):
        kept.commit([other], f"{n}")
    assert len(kept.log.forks[A].peers) == MAX_PEERS_OF_FORK
    kept.commit([message(B, 1)])
    assert kept.commit([message(B, 2, previous=b"?" * 32)], "p") == [PREVIOUS]
    assert kept.log.forks[B][:3] == (1, message(B, 1).key, b"?" * 32)


def test_forks_are_bounded_and_ours_is_always_kept() -> None:
    kept = Kept()
    authors = [n.to_bytes(32) for n in range(MAX_FORKS + 3)]
    kept.log.own = authors[-1]
    for author in authors:
        kept.commit([message(author, 1)])
        assert kept.commit([message(author, 1, previous=b"?" * 32)]) == [FORK]
    assert len(kept.log.forks) == MAX_FORKS + 1
    assert kept.log.own in kept.log.forks
    assert kept.log.passed_over == 2
    assert len(kept.evidence) == 2 * len(kept.log.forks)


def test_fork_within_one_group_is_found() -> None:
    kept = Kept()
    kept.commit([message(A, 1)])
    assert kept.commit([message(A, 2), message(A, 3), message(A, 2, "x")]) == [None, None, FORK]
    assert kept.evidence == [message(A, 2), message(A, 2, "x")]
    fresh = Kept()
    assert fresh.commit([message(A, 1), message(A, 2), message(A, 1, "x")]) == [None, None, FORK]
    assert fresh.evidence == [message(A, 1), message(A, 1, "x")]
    third = Kept()
    assert third.commit([message(A, 1), message(A, 2), message(A, 2, "x")])[2] == FORK
    assert third.evidence == [message(A, 2), message(A, 2, "x")]


def test_wrong_previous_is_refused_and_kept() -> None:
    kept = Kept()
    kept.commit([message(A, 1)])
    stray = message(A, 2, previous=b"?" * 32)
    assert kept.commit([stray]) == [PREVIOUS]
    assert kept.evidence == [message(A, 1), stray]
    assert kept.commit([message(B, 1, previous=b"?" * 32)]) == [PREVIOUS]
    assert kept.evidence[2:] == [message(B, 1, previous=b"?" * 32)]


def test_repeated_message_that_was_lost_counts_as_known() -> None:
    kept = Kept()
    kept.commit([message(A, 1), message(A, 2)])
    kept.written.clear()
    assert kept.commit([message(A, 1, "x")]) == [KNOWN]


CANDIDATES = st.builds(
    message,
    st.sampled_from([A, B]),
    st.integers(1, 5),
    st.sampled_from(["", "", "", "x"]),
    st.sampled_from([None, None, None, b"?" * 32]),
)


@settings(max_examples=150)
@given(st.lists(st.lists(CANDIDATES, max_size=12), max_size=8))
def test_any_mix_leaves_a_log_of_chains(groups: list[list[Candidate]]) -> None:
    kept = Kept()
    for group in groups:
        kept.commit(group)
    assert kept.log.position == len(kept.written) == len({m.key for m in kept.written})
    assert kept.received == sorted(set(kept.received))
    for author in (A, B):
        feed = [m for m in kept.written if m.author == author]
        assert [m.sequence for m in feed] == list(range(1, len(feed) + 1))
        previous = [None, *(m.key for m in feed)]
        assert [m.previous for m in feed] == previous[:-1]
        head = kept.log.heads.get(author)
        assert (head.sequence, head.key) == (len(feed), feed[-1].key) if head else not feed
        assert not head or kept.written[head.position - 1] == feed[-1]
        pair = [m for m in kept.evidence if m.author == author]
        assert bool(pair) == (author in kept.log.forks)
