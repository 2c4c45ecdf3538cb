import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refs import blob_id, feed_id, is_blob, is_feed, is_message, message_id, raw
from common.refs.ids import is_cloaked_message, sigil_of_any_format

KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS)
def test_ids_hold_their_bytes(key: bytes) -> None:
    assert is_feed(feed_id(key))
    assert is_message(message_id(key))
    assert is_blob(blob_id(key))
    assert raw(feed_id(key)) == raw(message_id(key)) == raw(blob_id(key)) == key


@given(KEYS)
def test_an_id_is_of_one_kind(key: bytes) -> None:
    assert not is_message(feed_id(key))
    assert not is_blob(message_id(key))
    assert not is_feed(blob_id(key))


def test_what_ssb_ref_takes_for_a_feed() -> None:
    key = "A" * 43 + "="
    assert is_feed(f"@{key}.sha256")
    assert is_feed(f"@{key}!ed25519")
    assert not is_feed(f"@{key}\ned25519")
    assert not is_feed(f"@{key}\U0001f600ed25519")
    assert not is_feed(f"@{key}.ed25519\n")
    assert not is_feed("@" + "A" * 42 + "B=.ed25519")


@pytest.mark.parametrize("value", [None, 1, b"@", [], {}, ""])
def test_what_is_no_text_is_no_id(value: object) -> None:
    assert not is_feed(value)
    assert not is_message(value)
    assert not is_blob(value)


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        feed_id(bytes(31))
    with pytest.raises(ValueError, match="not an id"):
        raw("@" + "A" * 44)


def test_ids_of_other_formats() -> None:
    key = "A" * 43 + "="
    assert is_cloaked_message(f"%{key}.cloaked")
    assert not is_cloaked_message(f"%{key}.sha256")
    assert not is_cloaked_message(None)
    assert sigil_of_any_format(f"@{key}.x-1") == "@"
    assert sigil_of_any_format("&.x") == "&"
    assert sigil_of_any_format(f"@{key}") is None
    assert sigil_of_any_format(1) is None
