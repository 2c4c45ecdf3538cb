"""Rates, shares and counts of many keys."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.runtime import limits
from common.runtime.limits import Buckets, Shares, Tally, window


def test_a_bucket_gives_what_was_saved_and_then_its_rate() -> None:
    buckets = Buckets(2, 3)
    assert [buckets.take("a", 0) for _ in range(4)] == [True, True, True, False]
    assert buckets.take("b", 0)
    assert not buckets.take("a", 0.4)
    assert buckets.take("a", 0.5)
    assert [buckets.take("a", 100) for _ in range(4)] == [True, True, True, False]


def test_a_bucket_on_credit_says_when_the_debt_is_paid() -> None:
    buckets = Buckets(10, 100)
    assert buckets.spend("a", 100, 0) == 0
    assert buckets.spend("a", 30, 0) == 3
    assert buckets.spend("a", 0, 2) == 1
    assert buckets.spend("a", 0, 3) == 0
    assert not buckets.take("a", 3)


def test_full_buckets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_IDLE_KEYS", 10)
    buckets = Buckets(1, 2)
    for n in range(200):
        assert buckets.take(str(n), n)
        assert len(buckets) <= 11


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=60))
@settings(max_examples=100)
def test_no_key_takes_more_than_burst_and_rate(steps: list[tuple[float, bool]]) -> None:
    buckets, now, taken = Buckets(3, 5), 0.0, 0
    for pause, other in steps:
        now += pause
        buckets.take("other", now) if other else None
        taken += buckets.take("a", now)
        assert taken <= 5 + 3 * now + 1e-6


def test_one_key_gets_a_third_and_a_crowd_leaves_room() -> None:
    shares = Shares(300, 2)
    assert sum(shares.enter("a") for _ in range(300)) == 100
    assert sum(shares.enter("b") for _ in range(300)) == 67
    for n in range(200):
        assert shares.enter(f"late {n}") == (shares.taken <= 300 and n < 133)
    assert shares.taken == 300
    assert not shares.enter("a")
    for _ in range(100):
        shares.leave("a")
    assert shares.held("a") == 0
    assert shares.taken == 200
    assert shares.enter("b") is False
    assert shares.enter("fresh")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=100))
@settings(max_examples=100)
def test_places_are_never_more_than_there_are(steps: list[tuple[str, bool]]) -> None:
    shares = Shares(12, 1)
    for key, enter in steps:
        if enter:
            shares.enter(key)
        elif shares.held(key):
            shares.leave(key)
        assert shares.taken == sum(shares.held(k) for k in "abc") <= 12


def test_a_tally_leaves_numbers_out_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_REASONS", 2)
    tally = Tally()
    for reason in ("packet of 123 bytes", "packet of 45 bytes", "phase 3", "x" * 500, "phase 3"):
        tally.note(reason)
    assert tally == {"packet of N bytes": 2, "phase 3": 2, "other": 1}


def test_windows_of_many_streams_are_small_and_together_bounded() -> None:
    assert window(0) == 1 << 20
    assert window(100_000) == 16 << 10
    assert sum(map(window, range(1024))) < 32 << 20


def test_many_peers_share_the_windows() -> None:
    assert window(0) == window(0, 16) == limits.FULL_WINDOW
    assert window(0, 160) == limits.FULL_WINDOW // 10
    assert window(40, 160) == limits.LEAST_WINDOW
