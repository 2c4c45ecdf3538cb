from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.crypto import private_box, sodium
from common.crypto.keys import generate
from common.crypto.private_box import ENTROPY_BYTES, Randomness
from common.feed.json import Json
from common.feed.private import (
    box,
    exchange_secret,
    secret_box,
    secret_unbox,
    unbox,
    unbox_with_slot,
)
from common.refs.ids import feed_id

KEYS = [generate(bytes([n]) * 32) for n in range(8)]
RANDOM = Randomness.cut(bytes(range(ENTROPY_BYTES)))
KEY = bytes(range(32))
CONTENT = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(CONTENT, st.integers(1, 7))
def test_every_recipient_reads_the_content(content: Json, count: int) -> None:
    boxed = box(content, [keys.id for keys in KEYS[:count]], RANDOM)
    assert boxed.endswith(".box")
    for keys in KEYS[:count]:
        opened = unbox(boxed, exchange_secret(keys))
        assert opened is not None
        assert opened.content == content
        assert unbox_with_slot(boxed, opened.slot) == opened
    assert unbox(boxed, exchange_secret(KEYS[count])) is None


@given(st.text(max_size=300))
def test_rubbish_is_no_box(text: str) -> None:
    assert unbox(text, exchange_secret(KEYS[0])) is None


def test_a_box_that_holds_no_json_is_not_opened() -> None:
    public = sodium.convert_public(KEYS[0].public)
    assert public is not None
    boxed = private_box.encrypt(b"hello", [public], RANDOM)
    slot = private_box.open_key(boxed, exchange_secret(KEYS[0]))
    assert slot is not None
    assert unbox_with_slot(b64encode(boxed).decode(), slot) is None


def test_a_slot_of_another_box_opens_nothing() -> None:
    boxed = box("hello", [KEYS[0].id], RANDOM)
    assert unbox_with_slot(boxed, b"\x01" + bytes(32)) is None


def test_a_recipient_whose_key_is_no_point_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody can read"):
        box("hello", [feed_id(bytes(32))], RANDOM)


@given(CONTENT.filter(bool))
def test_secret_boxes_open_with_their_key(content: Json) -> None:
    boxed = secret_box(content, KEY)
    assert boxed is not None
    opened = secret_unbox(boxed, KEY)
    assert opened is not None
    assert opened.content == content
    assert secret_unbox(boxed, bytes(32)) is None


def test_what_is_falsy_is_not_boxed() -> None:
    assert [secret_box(value, KEY) for value in (None, False, "", 0)] == [None] * 4
    assert secret_box([], KEY) is not None
    assert secret_unbox(b"", KEY) is None
