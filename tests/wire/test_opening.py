import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire.errors import PacketError
from common.wire.opening import MAX_NAME_CHARACTERS, RefusedError, read_request, read_stream
from common.wire.packets import BUFFER, JSON, STRING

NAMES = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=3)


@given(NAMES, st.lists(st.integers() | st.text(st.characters(codec="utf-8"))))
def test_openings_are_read(name: list[str], args: list[object]) -> None:
    text = json.dumps(args)
    body = f'{{"name": {json.dumps(name)}, "args": {text}, "type": "source"}}'.encode()
    assert read_request(JSON, body) == (tuple(name), text.encode())
    assert read_stream(JSON, body) == ("source", (tuple(name), text.encode()))


def test_arguments_stay_as_they_came() -> None:
    args = b'[ {"2":1.0, "1" : 1e400, "a":-0} ]'
    assert read_request(JSON, b'{"args":%b,"name":["x"]}' % args) == (("x",), args)


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert read_request(JSON, b'{"name":["x"],"args":["\xff"]}') == (
        ("x",),
        '["�"]'.encode(),
    )


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ('"whoami"', ("whoami",)),
        ("[]", ()),
        ('["a",1,null,[1],{},true]', ("a", "1", "", "[object Array]", "[object Object]", "true")),
        ("null", ("null",)),
        ("5", ("5",)),
    ],
)
def test_names_of_any_kind(name: str, path: tuple[str, ...]) -> None:
    assert read_request(JSON, f'{{"name":{name},"args":[]}}'.encode()) == (path, b"[]")


def test_a_name_may_be_missing() -> None:
    assert read_request(JSON, b'{"args":[]}') == (("undefined",), b"[]")


@pytest.mark.parametrize(
    ("flags", "body"),
    [
        (JSON, b'{"name":["x"]}'),
        (JSON, b'{"name":["x"],"args":{}}'),
        (JSON, b"null"),
        (JSON, b'"text"'),
        (STRING, b'{"name":["x"],"args":[]}'),
        (BUFFER, b"\xff"),
    ],
)
def test_what_is_no_request_is_refused(flags: int, body: bytes) -> None:
    with pytest.raises(RefusedError, match="invalid request, args should be array, was: "):
        read_request(flags, body)


def test_what_is_refused_is_quoted_in_part() -> None:
    with pytest.raises(RefusedError) as caught:
        read_request(STRING, b"x" * 10_000)
    assert len(str(caught.value)) < 1_200


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ('"async"', "async"),
        ("1", "1"),
        ("null", "null"),
        ('["source"]', "[object Array]"),
        ("{}", "[obj"),
    ],
)
def test_other_types_are_refused(kind: str, shown: str) -> None:
    body = f'{{"name":["x"],"args":[],"type":{kind}}}'.encode()
    with pytest.raises(RefusedError) as caught:
        read_stream(JSON, body)
    assert str(caught.value).startswith(f"unsupported stream type: {shown}")


def test_a_missing_type_is_refused() -> None:
    with pytest.raises(RefusedError, match="unsupported stream type: undefined"):
        read_stream(JSON, b'{"name":["x"],"args":[]}')


def test_names_are_bounded() -> None:
    body = json.dumps({"name": ["x" * MAX_NAME_CHARACTERS, "y"], "args": []}).encode()
    with pytest.raises(RefusedError, match=f"{MAX_NAME_CHARACTERS} are allowed"):
        read_request(JSON, body)


@pytest.mark.parametrize("body", [b"{", b"", b"[" * 100_000, b'{"name":"\\x","args":[]}', b"[}"])
def test_what_is_no_json_costs_the_connection(body: bytes) -> None:
    with pytest.raises(PacketError, match="no JSON"):
        read_request(JSON, body)


def test_deep_names_are_no_names() -> None:
    body = b'{"name":%b%b,"args":[]}' % (b"[" * 20_000, b"]" * 20_000)
    with pytest.raises(PacketError, match="no JSON"):
        read_request(JSON, body)


def test_half_a_surrogate_pair_is_taken() -> None:
    body = b' { "name" : ["x"] ,"args":["\\ud800"], "more": {"name": 1}, "type":"sink"}'
    assert read_stream(JSON, body) == ("sink", (("x",), b'["\\ud800"]'))
    assert read_request(JSON, b'{"name":["\\ud800"],"args":[]}') == (("\ud800",), b"[]")
    with pytest.raises(RefusedError):
        read_request(JSON, b'{"args":"\\ud800"}')


@pytest.mark.parametrize("body", [b'["\\ud800"]', b'{"args":["\\ud800"', b'{"args":[NaN]}'])
def test_half_a_surrogate_pair_excuses_nothing(body: bytes) -> None:
    with pytest.raises((PacketError, RefusedError)):
        read_request(JSON, body)
