"""The turns of a ping, played between two sides."""

import pytest

from services.peers.ping import Ping, pause


def test_who_served_waits_and_who_volleyed_serves_next() -> None:
    here, there = Ping(), Ping()
    first = here.serve(1000)
    back = there.receive(first, 5010)
    assert back == 5010
    assert here.receive(back, 1020) is None
    assert here.rtt.json()["mean"] == 20
    assert here.skew.json()["mean"] == 4000
    second = there.serve(6000)
    back = here.receive(second, 2010)
    assert back == 2010
    assert there.receive(back, 6020) is None
    assert there.skew.json()["mean"] == -4000
    assert here.rtt.count == 1


@pytest.mark.parametrize(
    ("wanted", "ms"),
    [(None, 300_000), (0, 300_000), (1, 10_000), (60_000.0, 60_000), (1e9, 1_800_000)],
)
def test_pause_is_held_between_ten_seconds_and_half_an_hour(wanted: float | None, ms: int) -> None:
    assert pause(wanted) == ms
