import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refs import bfe, feed_id, message_id

KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS)
def test_ids_are_their_key_behind_two_bytes(key: bytes) -> None:
    assert bfe.of_feed(feed_id(key)) == b"\0\0" + key
    assert bfe.of_message(message_id(key)) == b"\1\0" + key


def test_no_message_is_zeros() -> None:
    assert bfe.of_message(None) == b"\1\0" + bytes(32)


@given(KEYS)
def test_a_post_box_comes_back_from_its_id(key: bytes) -> None:
    assert bfe.po_box_public(bfe.po_box(key)) == key


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "ssb:identity/po-box/",
        "ssb:identity/po-box/AAAA",
        "ssb:identity/po-box/" + "A" * 42 + "B=",
        "ssb:identity/po-box/" + "A" * 43,
        "ssb:identity/group/" + "A" * 43 + "=",
        "ssb:feed/classic/" + "A" * 43 + "=",
    ],
)
def test_what_is_no_post_box(value: object) -> None:
    assert bfe.po_box_public(value) is None
