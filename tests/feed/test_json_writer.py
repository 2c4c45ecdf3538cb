import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.feed.errors import TooLong
from common.feed.json_writer import number, quote, write

# Number::toString: no exponent from 1e-6 up to 1e21, no zeros that say nothing.
_FORM = re.compile(
    r"-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]*[1-9])?|-?[1-9](?:\.[0-9]*[1-9])?e[+-][1-9][0-9]*"
)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_and_have_the_form_of_javascript(value: float) -> None:
    text = number(value)
    assert float(text) == value
    assert _FORM.fullmatch(text)
    assert ("e" in text) == (value != 0 and not 1e-6 <= abs(value) < 1e21)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (123456789012345680000.0, "123456789012345680000"),
        (0.000001, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (-12.25, "-12.25"),
        (float("inf"), "null"),
        (float("nan"), "null"),
        (2**53 + 1, "9007199254740992"),
    ],
)
def test_number_forms(value: float, text: str) -> None:
    assert number(value) == text
    assert write(value, indented=False) == text


def test_strings_use_short_escapes_and_lower_case() -> None:
    assert (
        quote('\b\f\n\r\t"\\/\x1b\x7f\u2028\udfff')
        == '"\\b\\f\\n\\r\\t\\"\\\\/\\u001b\x7f\u2028\\udfff"'
    )


def test_indented_containers_break_lines_unless_empty() -> None:
    assert write([{}, [], {"b": [1, {}]}, {"x": 1, "2": 2}], indented=True) == (
        '[\n  {},\n  [],\n  {\n    "b": [\n      1,\n      {}\n    ]\n  },\n'
        '  {\n    "2": 2,\n    "x": 1\n  }\n]'
    )


def test_writing_ends_at_the_limit() -> None:
    value: list[object] = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(TooLong):
        write(value, indented=True, limit=100)  # type: ignore[arg-type]  # list is invariant
    assert write(["x" * 96], indented=False, limit=100) == '["' + "x" * 96 + '"]'


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes is no JSON"):
        write([b""], indented=False)  # type: ignore[list-item]  # that is the point
