"""Playbooks of one machine: the events that go in, the commands that must come out."""

from collections.abc import Sequence

import pytest

from common.gossip import (
    Appended,
    BlockChanged,
    Command,
    Congested,
    Connected,
    Disconnected,
    Ebt,
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
    ReadFeed,
    Remember,
    SendMessages,
    SendNotes,
    Ticked,
    Verify,
    WantedChanged,
)
from common.gossip import ebt as _module
from common.gossip import sharing as _sharing
from common.gossip.senders import LATE_TIMES
from common.refs import FeedId
from tests.support.gossip_messages import FEEDS, body, message

ME, P, Q, X, Y = FEEDS[:5]


class Play:
    """`<<` gives an event, `>>` tells what must have come out of it."""

    def __init__(self, clock: dict[FeedId, int], *wanted: FeedId) -> None:
        self.ebt = Ebt(ME, clock)
        self.out: Sequence[Command] = self.ebt.handle(WantedChanged(wanted, (), 0))

    def __lshift__(self, event: Event) -> "Play":
        self.out = self.ebt.handle(event)
        return self

    def __rshift__(self, commands: list[Command]) -> "Play":
        assert list(self.out) == commands
        return self


def notes(peer: FeedId, **said: tuple[int, bool]) -> NotesReceived:
    return NotesReceived(peer, {globals()[name]: value for name, value in said.items()}, 0)


def tells(peer: FeedId, **said: tuple[int, bool]) -> SendNotes:
    return SendNotes(peer, {globals()[name]: value for name, value in said.items()})


def received(peer: FeedId, feed: FeedId, *sequences: int, now: float = 0) -> MessagesReceived:
    return MessagesReceived(peer, [message(feed, n) for n in sequences], now)


def appended(feed: FeedId, *sequences: int) -> Appended:
    return Appended([message(feed, n) for n in sequences])


def test_who_was_called_tells_first_and_an_empty_note_too() -> None:
    play = Play({})
    play << Connected(P, False, 0) >> [tells(P)]
    play << Disconnected(P, 0) >> [Remember(P, {})]
    play << Disconnected(P, 0) >> []


def test_who_called_waits_for_the_others_notes() -> None:
    play = Play({X: 3}, X)
    play << Connected(P, True, 0) >> []
    play << appended(X, 4) >> []
    play << notes(P) >> [tells(P, X=(4, True))]


def test_a_blocked_peer_gets_no_session() -> None:
    play = Play({}, X)
    play << BlockChanged(ME, P, True, 0) >> []
    play << Connected(P, False, 0) >> [EndSession(P, "")]
    play << notes(P, X=(1, True)) >> []
    play << received(P, X, 1) >> []
    play << notes(P, X=(-1, False)) >> []
    play << Congested(P, True) >> []
    play << FeedRead(P, X, 0, 0, []) >> []
    play << FeedForked(P, X, 0) >> []
    play << MessageForged(P, X, "forged", 0) >> []
    play << MessagesLost(P, X, 0) >> []


def test_asked_feed_is_read_in_runs_and_then_forwarded_live() -> None:
    play = Play({X: 600}, X)
    play << Connected(P, False, 0) >> [tells(P, X=(600, True))]
    play << notes(P, X=(0, True)) >> [ReadFeed(P, X, 0, 500)]
    play << appended(X, 601) >> []
    run = [body(X, n) for n in range(1, 501)]
    play << FeedRead(P, X, 0, 500, run) >> [SendMessages(P, run), ReadFeed(P, X, 500, 500)]
    play << FeedRead(P, X, 500, 601, [b"rest"]) >> [SendMessages(P, [b"rest"])]
    play << appended(X, 602, 603) >> [SendMessages(P, [body(X, 602), body(X, 603)])]
    play << appended(X, 602, 603) >> []


def test_a_congested_peer_gets_its_messages_read_later() -> None:
    play = Play({X: 1}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(1, True)) >> []
    play << Congested(P, True) >> []
    play << appended(X, 2) >> []
    play << appended(X, 3) >> []
    play << Congested(P, False) >> [ReadFeed(P, X, 1, 500)]


def test_each_of_a_crowd_has_one_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.gossip.outgoing.CROWD", 1)
    play = Play({X: 3, Y: 3}, X, Y)
    play << Connected(P, False, 0)
    play << notes(P, X=(0, True), Y=(0, True)) >> [ReadFeed(P, X, 0, 500), ReadFeed(P, Y, 0, 500)]
    play << Connected(Q, False, 0)
    play << notes(Q, X=(0, True), Y=(0, True)) >> [ReadFeed(Q, X, 0, 500)]
    run = [body(X, n) for n in (1, 2, 3)]
    play << FeedRead(Q, X, 0, 3, run) >> [SendMessages(Q, run), ReadFeed(Q, Y, 0, 500)]


def test_who_stands_before_a_hole_is_told_that_there_is_no_more() -> None:
    play = Play({X: 9}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(0, True)) >> [ReadFeed(P, X, 0, 500)]
    play << appended(X, 10) >> []
    read = [body(X, n) for n in (1, 2, 3)]
    play << FeedRead(P, X, 0, 3, read) >> [SendMessages(P, read), ReadFeed(P, X, 3, 500)]
    play << FeedRead(P, X, 3, 3, []) >> [tells(P, X=(-1, False)), tells(P, X=(3, True))]
    play << notes(P, X=(3, True)) >> []
    play << appended(X, 11) >> []
    play << notes(P, X=(3, False)) >> []


def test_who_has_passed_a_hole_gets_the_rest() -> None:
    play = Play({X: 9}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(3, True)) >> [ReadFeed(P, X, 3, 500)]
    play << FeedRead(P, X, 3, 3, []) >> [tells(P, X=(-1, False)), tells(P, X=(3, True))]
    play << received(P, X, 4, 5) >> []
    play << appended(X, 10) >> [ReadFeed(P, X, 5, 500)]
    play << FeedRead(P, X, 5, 5, []) >> []
    play << notes(P, X=(10, True)) >> []
    play << appended(X, 11) >> [SendMessages(P, [body(X, 11)])]


def test_what_was_deleted_before_it_was_told_is_no_message() -> None:
    play = Play({X: 1}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(1, True)) >> []
    play << Appended([Message(X, 2, b"")]) >> [ReadFeed(P, X, 1, 500)]


def test_what_was_read_for_an_older_request_is_not_sent() -> None:
    play = Play({X: 9}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(0, True)) >> [ReadFeed(P, X, 0, 500)]
    play << notes(P, X=(0, False)) >> []
    play << FeedRead(P, X, 0, 9, [b"old"]) >> []
    play << notes(P, X=(0, True)) >> [ReadFeed(P, X, 0, 500)]
    play << notes(P, X=(4, True)) >> []
    play << FeedRead(P, X, 0, 9, [b"old"]) >> [ReadFeed(P, X, 4, 500)]


def test_reads_for_one_peer_are_bounded() -> None:
    play = Play(dict.fromkeys(FEEDS, 1), *FEEDS)
    play << Connected(P, False, 0)
    play << NotesReceived(P, dict.fromkeys(FEEDS, (0, True)), 0)
    assert [type(c) for c in play.out] == [ReadFeed] * 4
    play << FeedRead(P, FEEDS[0], 0, 1, [b"1"])
    assert [type(c) for c in play.out] == [SendMessages, ReadFeed]


def test_messages_in_order_are_verified_and_others_dropped() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(9, False)) >> []
    play << received(P, X, 1, 2, 3, 4) >> [Verify(P, [message(X, 3), message(X, 4)])]
    play << received(P, X, 3, 4) >> []
    play << received(P, Y, 1) >> []
    play << appended(X, 3, 4) >> []
    play << received(P, X, 5) >> [Verify(P, [message(X, 5)])]


def test_a_gap_stops_the_feed_with_that_peer_and_asks_another() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0) << Connected(Q, False, 0)
    play << notes(P, X=(9, False)) >> []
    play << notes(Q, X=(9, False)) >> []
    play << received(P, X, 4) >> [tells(P, X=(-1, False)), tells(Q, X=(2, True))]
    play << received(P, X, 3) >> []


@pytest.mark.parametrize("reconnects", [False, True])
def test_a_feed_with_a_gap_is_shared_again_after_a_second(reconnects: bool) -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(9, False)) << received(P, X, 4) >> [tells(P, X=(-1, False))]
    play << Ticked(999) >> []
    if reconnects:
        play << Disconnected(P, 1_000)
        play << Connected(P, False, 1_000)
    else:
        play << Ticked(1_000)
    play >> [tells(P, X=(2, True))]
    play << received(P, X, 3, now=1_500) >> [Verify(P, [message(X, 3)])]


def test_who_leaves_gaps_again_is_refused_for_longer() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0) << notes(P, X=(9, False)) << received(P, X, 4)
    play << Ticked(1_000) << received(P, X, 3, 5, now=1_000)
    play << Ticked(2_999) >> []
    play << Ticked(3_000) >> [tells(P, X=(2, True))]


def test_a_fork_stops_the_feed_with_that_peer_over_sessions() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << FeedForked(P, X, 0) >> [tells(P, X=(-1, False))]
    play << notes(P, X=(9, True)) >> []
    play << Disconnected(P, 0)
    play << Connected(P, False, 0) >> [tells(P)]
    play << notes(P, X=(9, True)) >> [tells(P, X=(-1, False))]


def test_a_forged_message_ends_the_session() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << MessageForged(P, X, "forged", 0) >> [Remember(P, {}), EndSession(P, "forged")]
    play << Connected(P, False, 59_000) >> [tells(P)]
    play << notes(P, X=(9, False)) >> [tells(P, X=(-1, False))]
    play << Ticked(59_999) >> []
    play << Ticked(60_000) >> [tells(P, X=(2, True))]


def test_lost_messages_are_asked_for_again() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(2, False))
    play << received(P, X, 3)
    play << MessagesLost(P, X, 0) >> [tells(P, X=(-1, False)), tells(P, X=(2, True))]
    play << MessagesLost(P, X, 0) >> []
    play << received(P, X, 4) >> []
    play << received(P, X, 3) >> [Verify(P, [message(X, 3)])]
    play << appended(X, 3, 4)
    play << MessagesLost(P, X, 0) >> []


def test_one_active_sender_and_a_switch_when_another_has_more() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0) >> [tells(P, X=(2, True))]
    play << Connected(Q, False, 0) >> [tells(Q, X=(2, False))]
    play << notes(P, X=(3, False)) >> []
    play << notes(Q, X=(3, False)) >> []
    play << notes(Q, X=(4, False)) >> []
    play << received(P, X, 3) << appended(X, 3)
    play << Ticked(1_000) >> []
    play << Ticked(1_500) >> [tells(P, X=(3, False)), tells(Q, X=(3, True))]
    play << notes(Q, X=(-1, False)) >> []
    play << notes(P, X=(4, False)) >> [tells(P, X=(3, True))]
    play << received(P, X, 4, now=2_000) << appended(X, 4)
    play << NotesReceived(Q, {X: (5, False)}, 2_000) >> []
    play << NotesReceived(Q, {X: (6, False)}, 2_499) >> []
    (
        play
        << NotesReceived(Q, {X: (7, False)}, 2_500)
        >> [
            tells(P, X=(4, False)),
            tells(Q, X=(4, True)),
        ]
    )


def test_who_tells_of_new_messages_first_so_often_in_a_row_becomes_the_sender() -> None:
    play = Play({X: 1}, X)
    for peer in (P, Q):
        play << Connected(peer, False, 0) << notes(peer, X=(1, True))
    for n in range(2, LATE_TIMES + 1):
        play << notes(Q, X=(n, False)) << received(P, X, n) << appended(X, n)
    n = LATE_TIMES + 1
    play << received(P, X, n) << appended(X, n) << notes(Q, X=(n, False))
    for n in range(LATE_TIMES + 2, 2 * LATE_TIMES + 1):
        play << notes(Q, X=(n, False)) >> []
        play << received(P, X, n) << appended(X, n)
    last = 2 * LATE_TIMES
    first = notes(Q, X=(last + 1, False))
    play << first >> [tells(P, X=(last, False)), tells(Q, X=(last, True))]


def test_who_delivers_but_stays_behind_is_replaced_after_half_a_second() -> None:
    play = Play({X: 1}, X)
    for peer in (P, Q):
        play << Connected(peer, False, 0) << notes(peer, X=(1, True))
    play << notes(Q, X=(3, False)) << received(P, X, 2) << appended(X, 2)
    play << Ticked(499) >> []
    play << Ticked(500) >> [tells(P, X=(2, False)), tells(Q, X=(2, True))]


def test_an_author_is_sent_its_own_new_messages_later_unless_it_has_them() -> None:
    play = Play({P: 3}, P)
    play << Connected(P, False, 0) << notes(P, P=(3, True)) >> []
    play << appended(P, 4) >> []
    play << notes(P, P=(4, False)) << Ticked(1_000) >> []
    play << notes(P, P=(4, True)) << appended(P, 5) << received(P, P, 5) << Ticked(2_000) >> []
    play << appended(P, 6, 7) << Ticked(3_000) >> [ReadFeed(P, P, 5, 500)]


def test_a_stalled_sender_is_replaced_and_one_alone_asked_again() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0) << Connected(Q, False, 0)
    play << notes(P, X=(9, False)) << notes(Q, X=(9, False))
    play << Ticked(2_999) >> []
    play << Ticked(3_000) >> [tells(P, X=(2, False)), tells(Q, X=(2, True))]
    play << Ticked(6_000) >> [tells(P, X=(2, True)), tells(Q, X=(2, False))]
    play << Disconnected(Q, 6_000) >> [Remember(Q, {X: 9})]
    play << Ticked(16_000) >> []
    play << Ticked(16_001) >> [tells(P, X=(-1, False)), tells(P, X=(2, True))]
    play << received(P, X, 3, now=18_000)
    play << Ticked(20_000) >> []
    play << appended(X, *range(3, 10)) >> []
    play << Ticked(99_000) >> []


def test_whose_memory_was_trusted_is_told_when_nobody_sends() -> None:
    """As after a backup: Q was remembered to have as much as we, and has more by now."""
    play = Play({X: 2}, X)
    play << Connected(Q, False, 0, {X: 2}) >> [tells(Q)]
    play << Connected(P, False, 0) >> [tells(P, X=(2, True))]
    play << notes(P, X=(9, False))
    play << Ticked(3_000) >> [tells(Q, X=(2, False))]
    play << notes(Q, X=(9, False)) >> []
    play << Ticked(3_500) >> [tells(Q, X=(2, True)), tells(P, X=(2, False))]


def test_what_a_sender_that_left_owed_is_asked_of_another() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0) << Connected(Q, False, 0)
    play << notes(P, X=(9, False)) << notes(Q, X=(8, False))
    play << Disconnected(P, 5) >> [Remember(P, {X: 9}), tells(Q, X=(2, True))]
    play << Disconnected(Q, 5) >> [Remember(Q, {X: 8})]
    play << Ticked(1) >> []


def test_a_refused_feed_is_offered_again_when_it_grew() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(-1, False)) >> []
    play << appended(X, 3) >> []
    play << Ticked(29_000) >> []
    play << Ticked(30_000) >> [tells(P, X=(3, False))]
    play << Ticked(60_000) >> []


def test_a_refused_feed_is_offered_at_once_when_it_begins() -> None:
    play = Play({}, X)
    play << Connected(P, False, 0) >> [tells(P, X=(0, True))]
    play << notes(P, X=(-1, False)) >> []
    play << appended(X, 1) >> [tells(P, X=(1, False))]
    play << appended(X, 2) >> []


def test_a_peer_that_is_ahead_hears_nothing_and_one_behind_the_head() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(3, False)) >> []
    play << appended(X, 3) >> []
    play << appended(X, 4) >> [tells(P, X=(4, True))]
    play << appended(X, 5) >> [tells(P, X=(5, True))]
    play << notes(P, X=(4, False)) >> []


def test_a_note_that_is_behind_what_was_told_is_answered_with_the_head() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(9, False)) >> []
    play << appended(X, 3) >> []
    play << notes(P, X=(1, False)) >> [tells(P, X=(3, True))]


def test_unwanted_feeds_are_refused_once_and_junk_ids_ignored() -> None:
    play = Play({X: 2})
    play << Connected(P, False, 0)
    play << notes(P, X=(9, True)) >> [tells(P, X=(-1, False))]
    play << notes(P, X=(10, True)) >> []
    play << notes(P, Y=(-1, False)) >> []
    play << NotesReceived(P, {"junk": (1, True)}, 0) >> []
    play << WantedChanged([X], (), 0) >> [tells(P, X=(2, True))]
    play << WantedChanged((), [X, Y], 0) >> [tells(P, X=(-1, False))]


def test_a_skipped_feed_is_answered_when_the_peer_tells_it() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0, {X: 2}) >> [tells(P)]
    play << notes(P, X=(2, False)) >> [tells(P, X=(2, True))]
    play << notes(P, X=(2, False)) >> []


def test_what_was_left_out_is_told_later_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sharing, "RECALLED_AT_ONCE", 1)
    play = Play({X: 2, Y: 2, ME: 2, P: 2}, X, Y, ME, P)
    (
        play
        << Connected(P, False, 0, {X: 2, Y: 2, ME: 2, P: 2})
        >> [tells(P, ME=(2, True), P=(2, True))]
    )
    play << notes(P) << Ticked(29_999) >> []
    play << Ticked(30_000) >> [tells(P, X=(2, True))]
    play << Ticked(31_000) >> [tells(P, Y=(2, True))]
    play << Ticked(32_000) >> []


def test_a_skipped_feed_that_grew_is_told() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0, {X: 2}) >> [tells(P)]
    play << appended(X, 3) >> [tells(P, X=(3, False))]
    play << notes(P, X=(2, True)) >> [ReadFeed(P, X, 2, 500)]


def test_of_many_peers_the_oldest_fork_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sharing, "MAX_PEERS_REFUSED", 2)
    play = Play({X: 2}, X)
    for peer in (P, Q, Y):
        play << Connected(peer, False, 0) << FeedForked(peer, X, 0) << Disconnected(peer, 0)
    play << Connected(P, False, 0) >> [tells(P, X=(2, True))]
    play << Connected(Y, False, 0) >> [tells(Y)]


def test_blocks_of_an_author_reach_a_session_under_way() -> None:
    play = Play({X: 2}, X)
    play << Connected(P, False, 0)
    play << BlockChanged(X, P, True, 0) >> [tells(P, X=(-1, False))]
    play << BlockChanged(X, P, False, 0) >> [tells(P, X=(2, True))]
    play << BlockChanged(Y, P, False, 0) >> []
    play << BlockChanged(Y, P, True, 0) >> []
    play << BlockChanged(ME, P, True, 0) >> [EndSession(P, "")]
    play << Disconnected(P, 0)
    assert play.ebt.sessions == {}
    assert play.ebt.clock == {X: 2}


def test_a_feed_the_peer_has_meanwhile_is_not_read_for_it() -> None:
    play = Play({X: 1}, X)
    play << Connected(P, False, 0)
    play << notes(P, X=(1, True)) << Congested(P, True)
    play << appended(X, 2) >> []
    play << received(P, X, 2) >> []
    play << Congested(P, False) >> []


@pytest.mark.parametrize("limit", ["MAX_UNWANTED", "MAX_UNWANTED_IN_ALL"])
def test_what_peers_say_of_unwanted_feeds_is_bounded(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(_module, limit, 1)
    play = Play({X: 1, Y: 1})
    play << Connected(P, False, 0)
    play << notes(P, X=(0, True)) >> [tells(P, X=(-1, False))]
    play << notes(P, Y=(0, True)) >> []
    assert play.ebt.passed_over == 1
    play << notes(P, X=(0, True)) >> []
    play << WantedChanged([X], (), 0) >> [tells(P, X=(1, True)), ReadFeed(P, X, 0, 500)]
    play << WantedChanged([Y], (), 0) >> [tells(P, Y=(1, True))]
    play << Disconnected(P, 0) << WantedChanged((), [X, Y], 0) << Connected(P, False, 0)
    play << notes(P, Y=(0, True)) >> [tells(P, Y=(-1, False))]


def test_who_refuses_a_feed_it_claimed_leaves_it_to_who_claims_it_later() -> None:
    play = Play({X: 1}, X)
    assert play.ebt.own == ME
    for peer in (P, Q):
        play << Connected(peer, False, 0)
    play << notes(P, X=(5, False)) << notes(P, X=(-1, False)) << notes(Q, X=(1, False))
    assert list(play.ebt.missing) == [X]
    play << Ticked(1_000) >> []
    assert list(play.ebt.missing) == []
    play << notes(Q, X=(2, False)) >> [tells(Q, X=(1, True))]


def test_who_sends_what_it_never_told_is_asked_when_nobody_else_is() -> None:
    play = Play({X: 1}, X)
    for peer in (P, Q):
        play << Connected(peer, False, 0)
    play << notes(P, X=(5, False)) << notes(Q, X=(1, False)) << Disconnected(P, 0)
    play << received(Q, X, 2) << Ticked(1_000) >> [tells(Q, X=(1, True))]


def test_what_both_sides_spoke_of_is_remembered_and_refusals_are_not() -> None:
    play = Play({X: 1}, X, Q)
    assert play.ebt.memory(P) is None
    play << Connected(P, True, 0)
    assert play.ebt.memory(P) is None
    play << notes(P, X=(1, False), Y=(7, True), Q=(-1, False))
    assert play.ebt.memory(P) == {X: 1}
    play << Disconnected(P, 0) >> [Remember(P, {X: 1})]


def test_a_session_that_never_began_changes_no_memory() -> None:
    play = Play({X: 1}, X)
    play << Connected(P, True, 0, {X: 1}) << Disconnected(P, 0) >> []


@pytest.mark.parametrize("client", [True, False])
def test_a_peer_that_took_the_stream_and_says_nothing_is_asked_for_histories(client: bool) -> None:
    play = Play({X: 1}, X)
    play << Connected(P, client, 0) << Ticked(29_999) >> []
    play << Ticked(30_000)
    assert play.out[-1] == FallBack(P)
    assert play.ebt.sessions == {}
    play << Connected(P, client, 40_000) << notes(P) << Ticked(90_000) >> []


def test_a_newer_session_of_a_peer_goes_on_from_what_the_one_before_learned() -> None:
    play = Play({X: 1}, X)
    play << Connected(P, False, 0) << notes(P, X=(1, False))
    play << Connected(P, False, 0) >> [Remember(P, {X: 1}), tells(P)]


def test_a_claim_does_not_replace_who_delivers() -> None:
    play = Play({X: 1}, X)
    for peer in (P, Q):
        play << Connected(peer, False, 0)
    play << NotesReceived(P, {X: (9, False)}, 0) >> []
    play << NotesReceived(Q, {X: (99, False)}, 1) >> []
    play << received(P, X, 2, now=2500) << appended(X, 2)
    play << NotesReceived(Q, {X: (100, False)}, 5000) >> []
    assert X in play.ebt.sessions[P].receiving


def test_who_claims_and_sends_nothing_is_asked_after_all_others() -> None:
    play = Play({X: 1, Y: 1}, X, Y)
    for peer in (P, Q):
        play << Connected(peer, False, 0)
    play << NotesReceived(P, {X: (99, False), Y: (99, False)}, 0)
    play << NotesReceived(Q, {X: (3, False)}, 0) >> []
    for now in range(2000, 30_000, 2000):
        play << received(P, Y, now // 2000 + 1, now=now) << Ticked(now)
        assert X in play.ebt.sessions[P].receiving
    play << received(P, Y, 16, now=30_000) << Ticked(30_500)
    assert X in play.ebt.sessions[Q].receiving
    assert Y in play.ebt.sessions[P].receiving
    play << received(Q, X, 2, 3, now=31_600) << appended(X, 2, 3)
    play << NotesReceived(P, {X: (100, False)}, 31_700)
    assert X in play.ebt.sessions[Q].receiving
    play << Ticked(31_800) << Ticked(32_300)
    assert X in play.ebt.sessions[P].receiving
    play << received(P, X, 4, now=31_900)
    assert X not in play.ebt.sessions[P].owed
