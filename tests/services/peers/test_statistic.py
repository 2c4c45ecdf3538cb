"""The numbers of npm's `statistics`, as a real ssb-server showed them."""

from services.peers.statistic import Statistic


def test_shape_and_numbers_are_those_of_the_reference() -> None:
    measured = Statistic()
    assert measured.json() == {"mean": 0, "stdev": 0, "count": 0, "sum": 0, "sqsum": 0}
    measured.add(45)
    assert measured.json() == {"mean": 45, "stdev": 0, "count": 1, "sum": 45, "sqsum": 2025}
    measured.add(47)
    assert measured.json() == {"mean": 46, "stdev": 1, "count": 2, "sum": 92, "sqsum": 4234}
