"""Dials are spread over the workers."""

from services.peers.spread import Spread


def test_the_worker_with_the_fewest_connections_dials() -> None:
    spread = Spread(("network", "network.2"))
    assert spread.least(lambda _: True) == "network"
    spread.connected("network/1")
    assert spread.least(lambda _: True) == "network.2"
    spread.connected("network.2/1")
    spread.connected("network.2/2")
    spread.disconnected("network.2/2")
    assert spread.least(lambda _: True) == "network"
    spread.connected("network/2")
    assert spread.least(lambda _: True) == "network.2"
    spread.lost("network")
    assert spread.least(lambda _: True) == "network"


def test_dials_at_the_same_time_are_spread_too() -> None:
    spread = Spread(("network", "network.2"))
    found = [spread.least(lambda _: True) for _ in range(4)]
    assert found == ["network", "network.2", "network", "network.2"]


def test_one_that_is_away_is_not_asked() -> None:
    spread = Spread(("network", "network.2"))
    assert spread.least(lambda worker: worker == "network.2") == "network.2"
    assert spread.least(lambda _: False) == "network"
