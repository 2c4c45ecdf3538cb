from math import inf
from typing import Any

import pytest

from common.feed.items import OptionError
from common.feed.options import check, read


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (5, "Param 0 must by of type readStreamOpts"),
        ([], '.0 of param reverse must be of type "boolean"'),
        ({"live": "x"}, '.0 of param live must be of type "boolean"'),
        ({"keys": []}, '.0 of param keys must be of type "boolean"'),
        ({"limit": "x"}, '.0 of param limit must be of type "number"'),
    ],
)
def test_what_the_reference_refuses_is_refused_in_its_words(given: Any, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        check(given, "readStreamOpts")
    assert str(caught.value) == text


def test_what_is_false_passes() -> None:
    check({"live": "", "limit": "", "reverse": 0, "keys": None, "values": 1}, "readStreamOpts")


@pytest.mark.parametrize(
    ("given", "lower", "upper"),
    [
        ({}, None, None),
        ({"gt": 1, "gte": 2}, (2, True), None),
        ({"gt": 2, "gte": 2}, (2, False), None),
        ({"lt": 1, "lte": 2}, None, (1, False)),
        ({"lt": 3, "lte": 2}, None, (2, True)),
        ({"gt": None, "lt": "x"}, (-inf, False), (inf, False)),
        ({"min": 1, "max": True}, (1, True), (-inf, True)),
        ({"gt": 0, "min": 1}, (0, False), None),
    ],
)
def test_bounds(given: dict[str, Any], lower: Any, upper: Any) -> None:
    options = read(given, {"min": "gte", "max": "lte"})
    assert (options.lower, options.upper) == (lower, upper)


def test_other_options() -> None:
    options = read({"limit": 2.7, "reverse": "x", "live": 1})
    assert (options.limit, options.reverse, options.live) == (2, True, False)
    assert read({"limit": 1e300}).limit == -1
    assert read({"limit": "5"}).limit == -1
