from math import inf, isnan, nan
from typing import Any

from common.feed.javascript import UNDEFINED, is_truthy, number_of, text_of


def test_truth_is_that_of_javascript() -> None:
    assert all(map(is_truthy, ([], {}, "0", 1, inf)))
    assert not any(map(is_truthy, (None, "", 0, False, nan, UNDEFINED)))


def test_values_become_text_and_numbers_as_in_javascript() -> None:
    texts: dict[str, Any] = {
        "x": "x",
        "1.5": 1.5,
        "true": True,
        "null": None,
        "[object Object]": {"a": 1},
    }
    for text, value in texts.items():
        assert text_of(value) == text
    assert text_of([1, None, ["x", {}]]) == "1,,x,[object Object]"
    numbers: list[tuple[Any, float]] = [
        (1.5, 1.5),
        (True, 1),
        (None, 0),
        ("", 0),
        (" 2 ", 2),
        ([], 0),
        ([3], 3),
        ("0x10", 16),
        ("-Infinity", -inf),
    ]
    assert all(number_of(value) == number for value, number in numbers)
    others: list[Any] = ["x", {}, [1, 2], "1_000", UNDEFINED]
    assert all(isnan(number_of(value)) for value in others)
