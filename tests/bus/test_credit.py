"""Credit: two books that never disagree, and a writer that never starves."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bus.credit import BODY_COST, Allowance, Overrun, Window, cost


def test_cost_counts_each_body() -> None:
    assert cost([b"", b"abc"]) == 3 + 2 * BODY_COST


def test_one_message_may_overdraw_the_next_waits() -> None:
    allowance = Allowance(1)
    states = [allowance.open]
    allowance.spend(500)
    states.append(allowance.open)
    allowance.grant(499)
    states.append(allowance.open)
    allowance.grant(1)
    states.append(allowance.open)
    assert states == [True, False, False, True]


def test_window_refuses_what_comes_without_credit() -> None:
    window = Window(10)
    window.receive(30)
    with pytest.raises(Overrun):
        window.receive(1)


def test_window_grants_when_half_is_consumed() -> None:
    window = Window(100)
    window.receive(60)
    assert window.consume(49) == 0
    assert window.consume(1) == 50
    assert window.consume(10) == 0


def test_window_of_nothing_stops_the_writer() -> None:
    with pytest.raises(Overrun):
        Window(0).receive(1)


@given(st.integers(1, 5000), st.lists(st.integers(BODY_COST, 3000), max_size=60), st.randoms())
def test_all_is_delivered_within_the_bound(size: int, costs: list[int], rng: Random) -> None:
    allowance, window = Allowance(size), Window(size)
    to_send, held = list(costs), list[int]()
    while to_send or held:
        can_send = bool(to_send) and allowance.open
        assert can_send or held, "stuck"
        if can_send and (not held or rng.random() < 0.5):
            n = to_send.pop(0)
            allowance.spend(n)
            window.receive(n)
            held.append(n)
            assert sum(held) < size + max(costs)
        else:
            allowance.grant(window.consume(held.pop(0)))
