import pytest

from common.feed.errors import JsonError
from common.feed.json_reader import is_index, join_surrogates, order_members, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.0", 1),
        ("-0", 0),
        ("-0.0", 0),
        ("1e3", 1000),
        ("9007199254740992", 2**53),
        ("9007199254740993", 2.0**53),
        ("12345678901234567890", 12345678901234567000.0),
        ("1e400", float("inf")),
        ("0.1", 0.1),
    ],
)
def test_numbers_are_doubles_and_whole_ones_int(text: str, value: float) -> None:
    assert repr(read(text)) == repr(int(value) if abs(value) <= 2**53 and value % 1 == 0 else value)


def test_keys_that_are_indexes_come_first_in_their_order() -> None:
    value = read('{"b":0,"10":1,"9":2,"4294967295":3,"4294967294":4,"01":5,"-1":6}')
    assert isinstance(value, dict)
    assert list(value) == ["9", "10", "4294967294", "b", "4294967295", "01", "-1"]


def test_of_repeated_keys_the_first_place_and_the_last_value_count() -> None:
    assert repr(read('{"a":{"x":1},"__proto__":1,"a":2,"__proto__":null}')) == repr(
        {"a": 2, "__proto__": None}
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[1,]",
        "{,}",
        '{"a":1,}',
        '{"a" 1}',
        "1 2",
        "]",
        "[}",
        "{]",
        ",",
        ":",
        "{1:2}",
        "[,1]",
        '"\x1f"',
        '"\\x41"',
        '"\\u12g4"',
        "01",
        "1.",
        "-",
        "+1",
        "NaN",
        "\ufeff1",
        "tru",
        "{}\xa0",
    ],
)
def test_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(JsonError):
        read(text)


def test_pairs_of_surrogates_join() -> None:
    assert read('"\\ud83d\udca0"') == "\U0001f4a0"
    assert join_surrogates("a\ud83d\udca0\ud800") == "a\U0001f4a0\ud800"


def test_indexes_end_below_the_largest_32_bit_number() -> None:
    assert [is_index(k) for k in ("0", "00", "4294967294", "4294967295", "x", "٣")] == [
        True,
        False,
        True,
        False,
        False,
        False,
    ]


def test_lists_have_no_order_to_change() -> None:
    items: list[object] = ["b", "1"]
    order_members(items)  # type: ignore[arg-type]  # list is invariant
    assert items == ["b", "1"]
