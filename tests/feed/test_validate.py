from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.crypto.keys import generate
from common.feed.create import create
from common.feed.json import Json, compact, compact_utf8, encode
from common.feed.message import message_id, sign_object
from common.feed.validate import (
    MAX_RAW,
    Head,
    Invalid,
    Verified,
    check,
    check_out_of_order,
    follows,
    verify_batch,
    verify_raw,
    verify_value,
)
from common.refs.ids import raw

KEYS = generate(bytes(31) + b"\x02")
HEAD = Head(b"\x07" * 32, 6)
CONTENT: dict[str, Json] = {"type": "post", "text": "grüße 💠", "n": [1, 2.5, {"7": None}]}
FIRST = create(None, KEYS, None, CONTENT, 1500000000000)
LATER = create(HEAD, KEYS, None, CONTENT, 1500000000001)


def _signed(**changes: Json) -> dict[str, Any]:
    value = {name: member for name, member in LATER.items() if name != "signature"} | changes
    return sign_object(value, KEYS, None)


def _verified(value: Json) -> Verified:
    verified = verify_value(value, None)
    assert isinstance(verified, Verified), verified
    return verified


def test_what_is_known_of_a_verified_message() -> None:
    verified = _verified(LATER)
    assert verified == Verified(
        key=raw(message_id(LATER)),
        author=KEYS.id,
        author_raw=KEYS.public,
        sequence=7,
        previous=HEAD.key,
        timestamp=1500000000001,
        compact=compact_utf8(LATER),
        content=CONTENT,
    )
    assert verify_raw(encode(LATER).encode(), None) == verified
    assert check(HEAD, LATER, None) == verified


def test_a_batch_is_judged_one_by_one() -> None:
    good, bad = compact_utf8(FIRST), b"{"
    assert verify_batch([good, bad], None) == [verify_raw(good, None), verify_raw(bad, None)]


@settings(max_examples=200)
@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    text = bytearray(compact_utf8(LATER))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= data.draw(st.integers(1, 255))
    assert isinstance(verify_raw(bytes(text), None), Invalid)


def test_a_network_key_belongs_to_the_signature() -> None:
    key = b"k" * 32
    message = create(None, KEYS, key, CONTENT, 1)
    assert isinstance(verify_value(message, key), Verified)
    for other in (None, b"l" * 32):
        assert verify_value(message, other) == Invalid("invalid signature", fatal=True)
    assert verify_value(message, b"k") == Invalid("invalid HMAC key", fatal=True)


def test_no_object_is_no_message() -> None:
    values: list[Json] = [None, [], "text", 5, True]
    for value in values:
        assert isinstance(verify_value(value, None), Invalid)
        assert isinstance(check(None, value, None), Invalid)
        assert isinstance(check_out_of_order(value, None), Invalid)
    assert isinstance(verify_raw(b" " * MAX_RAW + b"1", None), Invalid)


def test_follows_compares_with_the_head() -> None:
    first, later = _verified(FIRST), _verified(LATER)
    assert follows(None, first) is None
    assert follows(HEAD, later) is None
    for head, message, fatal in (
        (None, later, True),
        (HEAD, first, False),
        (Head(HEAD.key, 7), later, False),
        (Head(b"\x08" * 32, 6), later, True),
    ):
        refused = follows(head, message)
        assert refused is not None
        assert refused.fatal is fatal


@pytest.mark.parametrize(
    ("changes", "fatal"),
    [
        ({"previous": None}, True),
        ({"previous": None, "sequence": 1, "timestamp": "1"}, True),
        ({"previous": None, "sequence": 1, "timestamp": True}, True),
        ({"previous": None, "sequence": True}, True),
        ({"sequence": 1}, True),
        ({"sequence": 0}, True),
        ({"sequence": "7"}, False),
        ({"previous": "%text"}, True),
        ({"previous": 5}, True),
        ({"hash": "sha1"}, False),
    ],
)
def test_what_no_state_of_the_feed_could_make_valid(changes: dict[str, Json], fatal: bool) -> None:
    refused = verify_value(_signed(**changes), None)
    assert isinstance(refused, Invalid)
    assert refused.fatal is fatal
    for head in (None, HEAD, Head(HEAD.key, 1)):
        assert isinstance(check(head, _signed(**changes), None), Invalid)


@pytest.mark.parametrize(
    ("sequence", "fatal"),
    [
        (8, False),
        ("8", False),
        (None, False),
        ({}, False),
        ("x", False),
        ([True], False),
        ([7, 7], False),
        # Equal to 7 for JavaScript, so that the wrong `previous` is what ends it.
        ("7", True),
        ("0x7", True),
        (" 7.0 ", True),
        ([["7"]], True),
        ([7], True),
    ],
)
def test_a_sequence_that_only_javascript_takes_for_the_next(sequence: Json, fatal: bool) -> None:
    refused = check(HEAD, _signed(sequence=sequence, previous="%other"), None)
    assert isinstance(refused, Invalid)
    assert refused.fatal is fatal
    assert isinstance(check(HEAD, _signed(sequence=sequence), None), Invalid)


def test_previous_may_be_wrapped_in_arrays() -> None:
    wrapped = _signed(previous=[[LATER["previous"]]])
    verified = _verified(wrapped)
    assert follows(HEAD, verified) is None
    assert check(HEAD, wrapped, None) == verified


@pytest.mark.parametrize("filler", ["x", "é", "\u4e2d", "\U0001f4a0"])
def test_a_message_has_8192_utf16_units_at_most(filler: str) -> None:
    units = len(filler.encode("utf-16-le")) // 2
    empty = len(encode(_signed(content={"type": "test", "x": ""})))
    fits = (8192 - empty) // units
    pad = "y" * ((8192 - empty) % units)
    assert (
        len(encode(_signed(content={"type": "test", "x": pad + filler * fits})).encode("utf-16-le"))
        == 2 * 8192
    )
    for text, valid in ((pad + filler * fits, True), (pad + filler * fits + "y", False)):
        value = _signed(content={"type": "test", "x": text})
        assert isinstance(verify_value(value, None), Verified) is valid
        assert isinstance(check(HEAD, value, None), Verified) is valid


def test_deep_content_is_refused_without_being_indented() -> None:
    text = compact(LATER).replace('"n":', f'"deep":{"[" * 30_000}{"]" * 30_000},"n":')
    assert isinstance(verify_raw(text.encode(), None), Invalid)


def test_a_hash_is_no_key() -> None:
    value: dict[str, Any] = dict(LATER)
    value["author"] = value["author"].replace("ed25519", "sha256")
    value["signature"] = value["signature"].replace("ed25519", "sha256")
    assert verify_value(value, None) == Invalid("invalid signature", fatal=True)


def test_out_of_order_needs_no_feed() -> None:
    assert check_out_of_order(LATER, None) == _verified(LATER)
    alone = _signed(previous="%text", sequence=1)
    outcome = check_out_of_order(alone, None)
    assert isinstance(outcome, Verified)
    assert outcome.previous is None
    for wrong in (_signed(timestamp="1"), _signed(content={}), _signed(author="@x")):
        assert isinstance(check_out_of_order(wrong, None), Invalid)
