"""When our own feed may go on: virtual time, no files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage.guard import BEHIND, MAX_CLAIMS, Guard
from services.storage.settings import OwnFeedSettings

SETTINGS = OwnFeedSettings(confirmations=2, wait=30, patience=100)
COPIED = "the folder was copied"


def guard(head: int = 10, known: int = 10, doubt: str | None = COPIED) -> Guard:
    return Guard(SETTINGS, head, known, doubt, now=0)


def test_log_without_doubt_goes_on_at_once() -> None:
    sure = guard(doubt=None)
    assert sure.waits_for(0) is None
    sure.published(11)
    assert (sure.head, sure.known) == (11, 11)
    sure.seen("p", 99, 1)
    assert sure.waits_for(2) is None, "a claim proves nothing"
    assert sure.missing(2) == 88


def test_lost_end_comes_back_and_nothing_more_is_waited_for() -> None:
    lost = guard(head=7, doubt=None)
    assert "ends at 7, but 10 was published" in (lost.waits_for(0) or "")
    lost.grew(9, 1)
    assert lost.waits_for(1)
    lost.grew(10, 2)
    assert (lost.waits_for(2), lost.doubt) == (None, None)


def test_messages_beyond_what_was_acknowledged_show_an_old_log() -> None:
    old = guard(doubt=None)
    old.grew(10, 1)
    assert old.waits_for(1) is None
    old.grew(12, 1)
    assert old.doubt == BEHIND
    assert "waits for peers" in (old.waits_for(1) or "")


def test_doubtful_log_waits_for_peers_then_messages_then_quiet() -> None:
    copied = guard()
    assert "locked at 10: the folder was copied; it waits for peers" in (copied.waits_for(0) or "")
    copied.seen("p", 12, 1)
    assert "waits for 2 messages that are known to be missing" in (copied.waits_for(1) or "")
    copied.seen("q", 5, 2)
    copied.grew(12, 10)
    assert "waits for 0 s without more of it, 2 of 2 peers" in (copied.waits_for(11) or "")
    assert not copied.is_confirmed(39)
    assert copied.is_confirmed(40)
    copied.published(12)
    assert copied.waits_for(40) is None


def test_enough_peers_begin_the_quiet_time() -> None:
    copied = guard()
    copied.seen("p", 10, 5)
    copied.seen("p", 10, 6)
    assert (copied.confirmations, copied.is_confirmed(90)) == (1, False)
    copied.seen("q", 9, 90)
    assert not copied.is_confirmed(119)
    assert copied.is_confirmed(120)


def test_who_has_nothing_confirms_nothing() -> None:
    empty = guard(head=0, known=0)
    for peer, sequence in (("p", 0), ("q", -1)):
        empty.seen(peer, sequence, 0)
    assert empty.confirmations == 0
    assert not empty.is_confirmed(1000)


def test_what_the_copied_file_knew_must_come_back_too() -> None:
    copied = guard(head=5)
    for peer in "pq":
        copied.seen(peer, 5, 0)
    assert (copied.missing(1000), copied.is_confirmed(1000)) == (5, False)


def test_liar_holds_up_for_a_while_and_not_again() -> None:
    copied = guard()
    for peer in "pq":
        copied.seen(peer, 10, 0)
    copied.seen("liar", 10**9, 20)
    assert not copied.is_confirmed(119)
    copied.seen("liar", 10**9 + 1, 119)
    assert copied.is_confirmed(150)
    copied.seen("another liar", 10**12, 150)
    assert copied.is_confirmed(150)
    copied.grew(11, 160)
    assert not copied.is_confirmed(200), "who has more may be telling the truth again"
    assert copied.is_confirmed(260)


def test_claims_are_bounded() -> None:
    copied = guard()
    for n in range(2 * MAX_CLAIMS):
        copied.seen(f"p{n}", 10, 0)
    assert copied.confirmations == MAX_CLAIMS


def test_no_confirmations_needed_is_the_quiet_time_alone() -> None:
    alone = Guard(OwnFeedSettings(confirmations=0, wait=30, patience=100), 3, 0, COPIED, now=0)
    assert not alone.is_confirmed(29)
    assert alone.is_confirmed(30)


@pytest.mark.parametrize("doubt", [None, COPIED])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["seen", "grew", "time"]),
            st.sampled_from("pqr"),
            st.integers(0, 30),
        ),
        max_size=30,
    )
)
def test_feed_never_goes_on_behind_what_honest_peers_said_lately(
    doubt: str | None, steps: list[tuple[str, str, int]]
) -> None:
    one, now, grown = guard(doubt=doubt), 0.0, 0.0
    told: dict[str, int] = {}
    for kind, peer, number in steps:
        now += number if kind == "time" else 0
        if kind == "seen":
            one.seen(peer, number, now)
            told[peer] = number or told.get(peer, 0)
        elif kind == "grew":
            grown = now if number > one.head else grown
            one.grew(number, now)
        if one.waits_for(now) is None or one.is_confirmed(now):
            assert one.head >= 10
        if one.is_confirmed(now) and now - grown < SETTINGS.patience:
            assert one.head >= max(told.values())
