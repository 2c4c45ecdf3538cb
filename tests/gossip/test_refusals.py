from common.gossip.refusals import DAY_MS, FORGED, GAP, Refusals
from tests.simulation.library import feed

X, Y = feed(1), feed(2)


def test_each_time_is_twice_as_long_as_the_one_before_up_to_a_limit() -> None:
    refusals = Refusals()
    terms = []
    for _ in range(13):
        refusals.add(X, FORGED, now=5)
        terms.append(refusals.until[X] - 5)
    assert terms[:3] == [60_000, 120_000, 240_000]
    assert terms[-2:] == [DAY_MS, DAY_MS]


def test_what_is_over_is_taken_out_and_remembered() -> None:
    refusals = Refusals()
    refusals.add(X, GAP, now=0)
    refusals.add(Y, FORGED, now=0)
    assert refusals.end(999) == []
    assert refusals.end(1_000) == [X]
    assert set(refusals.until) == {Y}
    refusals.add(X, GAP, now=1_000)
    assert refusals.until[X] == 3_000
