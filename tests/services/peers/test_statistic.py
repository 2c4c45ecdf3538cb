"""The numbers of npm's `statistics`, as a real ssb-server showed them."""

import json

import pytest

from services.peers.statistic import Statistic


def test_shape_and_numbers_are_those_of_the_reference() -> None:
    measured = Statistic()
    assert measured.json() == {"mean": 0, "stdev": 0, "count": 0, "sum": 0, "sqsum": 0}
    measured.add(45)
    assert measured.json() == {"mean": 45, "stdev": 0, "count": 1, "sum": 45, "sqsum": 2025}
    measured.add(47)
    assert measured.json() == {"mean": 46, "stdev": 1, "count": 2, "sum": 92, "sqsum": 4234}


@pytest.mark.parametrize("value", [None, [], {}, {"count": "x", "sum": True, "sqsum": None}])
def test_what_is_no_statistic_is_an_empty_one(value: object) -> None:
    assert Statistic.read(value) == Statistic()


def test_what_was_written_is_read() -> None:
    measured = Statistic()
    measured.add(3)
    measured.add(4)
    assert Statistic.read(measured.json()) == measured
    assert measured.json()["mean"] == 3.5
    assert json.dumps(Statistic(1, 5.0, 25.0).json()).count(".") == 0
