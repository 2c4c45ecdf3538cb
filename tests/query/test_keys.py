"""Keys of rows stand in the order of what they spell; tests/vectors/query has charwise's own order."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.feed.javascript import UNDEFINED
from common.query.errors import QueryError
from common.query.keys import key_of

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)


@given(NUMBERS, NUMBERS)
def test_numbers_sort_as_numbers(one: float, other: float) -> None:
    assert (key_of([one]) < key_of([other])) == (one < other)


@given(st.lists(st.text() | NUMBERS | st.booleans() | st.none(), max_size=3))
def test_a_key_lies_between_open_ends(items: list[object]) -> None:
    key = key_of(["a", *items, 1])
    for n in range(len(items) + 1):
        below, above = ([end] * (len(items) + 1 - n) for end in (None, UNDEFINED))
        assert key_of(["a", *items[:n], *below]) <= key <= key_of(["a", *items[:n], *above])


def test_what_is_no_number_stands_before_zero() -> None:
    keys = [key_of([value]) for value in (-inf, -1, -5e-324, nan, 0, inf)]
    assert keys == sorted(keys)


def test_an_object_has_no_key() -> None:
    with pytest.raises(QueryError, match="no place in the order"):
        key_of([{}])
