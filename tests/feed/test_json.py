import json as python_json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.feed import json_reader, json_writer
from common.feed.errors import JsonError, TooLong
from common.feed.json import (
    Json,
    compact,
    compact_utf8,
    encode,
    encode_utf8,
    is_plain,
    parse,
    parse_marked,
)

# Any code point, surrogates too, with those that need care more often.
TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from('"\\/\x00\x1f\x7f\u2028\ud83d\udca0\ufeff'))
)
KEYS = st.one_of(
    TEXTS, st.sampled_from(["__proto__", "0", "01", "-1", "4294967294", "4294967295", "7", ""])
)
NUMBERS = st.one_of(
    st.integers(-(2**53), 2**53),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.floats(-1e22, 1e22),
    st.sampled_from([-0.0, 1e21, 1e-7, 1.0, 2.0**53, 5e-324]),
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(KEYS, inner)),
    max_leaves=12,
)


def _slow(text: str | bytes) -> Json:
    return json_reader.read(text if isinstance(text, str) else text.decode("utf-8", "replace"))


def _outcome(read: Callable[[bytes], Json], text: bytes) -> str:
    """Types, order of keys and signs included; refusals are alike whatever the reason."""
    try:
        return repr(read(text))
    except JsonError:
        return "refused"


def _python_value(value: Json) -> Json:
    """A generated value as JSON.parse could have given it."""
    return json_reader.read(json_writer.write(value, indented=False))


@given(VALUES)
def test_both_ways_write_the_same(value: Json) -> None:
    slow = json_writer.write(value, indented=True), json_writer.write(value, indented=False)
    assert (encode(value), compact(value)) == slow


@given(VALUES, st.booleans())
def test_both_ways_read_the_same(value: Json, indented: bool) -> None:
    text = json_writer.write(value, indented=indented)
    assert repr(parse(text)) == repr(_slow(text))
    assert repr(parse(text.encode())) == repr(_slow(text))
    escaped = python_json.dumps(_python_value(value))
    if "Infinity" not in escaped:
        assert repr(parse(escaped)) == repr(_slow(escaped))


@settings(max_examples=200)
@given(VALUES, st.data())
def test_both_ways_judge_damaged_text_the_same(value: Json, data: st.DataObject) -> None:
    text = bytearray(json_writer.write(value, indented=False).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        piece = data.draw(
            st.sampled_from(
                [
                    b"",
                    b"0",
                    b"-",
                    b".",
                    b"e5",
                    b",",
                    b"\\",
                    b'"',
                    b" ",
                    b"\xff",
                    b"\xed\xa0\x80",
                    b"\x00",
                    b"9" * 20,
                    b"]",
                    b"{",
                    b"\\ud800",
                    b"\xef\xbb\xbf",
                ]
            )
        )
        text[at : at + data.draw(st.integers(0, 2))] = piece
    assert _outcome(parse, bytes(text)) == _outcome(_slow, bytes(text))


@given(VALUES)
def test_what_is_written_reads_the_same(value: Json) -> None:
    value = _python_value(value)
    if "inf" in repr(value):  # written as null; `inf` in a string only costs an example
        return
    assert repr(parse(encode(value))) == repr(value)
    assert repr(parse(compact(value))) == repr(value)


@given(VALUES)
def test_what_is_written_has_utf8_and_only_one_form(value: Json) -> None:
    text = encode_utf8(value)
    assert encode_utf8(parse(text)) == text
    assert compact_utf8(parse(text)) == compact_utf8(value)


FRACTIONS = st.one_of(
    st.floats(1e-3, 2**53),
    st.integers(10**15, 2 * 10**15).map(lambda micros: micros / 1000),
    st.tuples(st.integers(1, 10**17), st.integers(1, 17)).map(lambda pair: pair[0] / 10 ** pair[1]),
)


@settings(max_examples=200)
@given(FRACTIONS, st.booleans(), st.text("0123456789", max_size=30))
def test_both_ways_write_and_read_the_same_fractions(
    number: float, negative: bool, tail: str
) -> None:
    number = -number if negative else number
    assert compact([number]) == json_writer.write([number], indented=False)
    for text in (repr(number), f"{number:.25e}", f"{number:.20f}{tail}"):
        assert repr(parse(text)) == repr(_slow(text))


def test_damaged_utf8_reads_as_node_reads_it() -> None:
    assert parse(b'"a\xff\xed\xa0\x80b"') == "a\ufffd\ufffd\ufffd\ufffdb"


def test_lone_surrogates_stay_and_are_written_as_escapes() -> None:
    assert parse(r'"\uD800x\uDC00"') == "\ud800x\udc00"
    assert compact("\ud800x\udc00") == r'"\ud800x\udc00"'


@pytest.mark.parametrize("depth", [200, 300, 2000, 20000])
def test_depth_has_no_limit(depth: int) -> None:
    text = "[" * depth + "]" * depth
    assert compact(parse(text)) == text


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"a": [1, True, None, "x", {"b": {}}]}, True),
        ({"a": 1.5}, True),
        ([1500000000000.001, -0.001, 2**51 + 0.5], True),
        ([1.0], False),
        ([-0.0], False),
        ([0.0009], False),
        ([2.0**53], False),
        ({"a": [{"7": 1}]}, False),
        ([2**53 + 1], False),
        ([-(2**53)], True),
    ],
)
def test_plain_is_what_both_write_alike(value: Json, plain: bool) -> None:
    assert is_plain(value) is plain
    assert parse_marked(python_json.dumps(value))[1] is plain


def test_what_is_no_number_is_not_plain() -> None:
    assert not is_plain([float("nan")])
    assert not is_plain([float("-inf")])


@pytest.mark.parametrize("value", ["é" * 9, [1.5, "é" * 5]])
def test_a_limit_counts_characters(value: Json) -> None:
    length = len(compact(value))
    assert compact_utf8(value, limit=length) == compact(value).encode()
    with pytest.raises(TooLong):
        compact_utf8(value, limit=length - 1)


def test_what_is_no_json_is_refused() -> None:
    for wrong in (object(), {1: 2}, [b"bytes"], {"a": {None: 1}}):
        with pytest.raises(TypeError):
            encode(wrong)  # type: ignore[arg-type]  # that is the point
