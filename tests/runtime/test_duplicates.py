"""Both sides of two connections close the same one."""

from common.refs import feed_id
from common.runtime.duplicates import surplus

LOW, HIGH = feed_id(b"\1" * 32), feed_id(b"\2" * 32)


def test_what_the_greater_key_dialled_stays_on_both_sides() -> None:
    assert surplus(HIGH, LOW, [("mine", True), ("theirs", False)]) == ["theirs"]
    assert surplus(LOW, HIGH, [("theirs", False), ("mine", True)]) == ["mine"]


def test_all_of_the_other_direction_go() -> None:
    found = surplus(LOW, HIGH, [("a", True), ("b", False), ("c", True)])
    assert found == ["a", "c"]


def test_one_direction_is_left_alone() -> None:
    assert surplus(LOW, HIGH, [("a", False), ("b", False)]) == []
    assert surplus(LOW, HIGH, [("a", True)]) == []
    assert surplus(LOW, HIGH, []) == []


def test_clients_with_our_key_may_come_as_often_as_they_like() -> None:
    assert surplus(LOW, LOW, [("a", True), ("b", False)]) == []
