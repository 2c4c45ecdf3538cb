"""How long a service that ended waits before it is started again."""

from services.sbot.restarts import CALM_SECONDS, LONGEST_SECONDS, Restarts


def test_first_end_costs_no_time_however_short_it_ran() -> None:
    assert Restarts().delay(0.0) == 0
    assert Restarts().delay(10.0) == 0


def test_delay_doubles_up_to_a_limit() -> None:
    restarts = Restarts()
    delays = [restarts.delay(5.0) for _ in range(100)]
    assert delays[:6] == [0, 0.25, 0.5, 1, 2, 4]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_SECONDS


def test_calm_minute_forgets_what_was() -> None:
    restarts = Restarts()
    assert [restarts.delay(1.0) for _ in range(4)][-1] == 1
    assert restarts.delay(CALM_SECONDS) == 0
    assert restarts.delay(1.0) == 0.25
