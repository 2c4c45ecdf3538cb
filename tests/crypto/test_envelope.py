import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.crypto.envelope import (
    MAX_SLOTS,
    Context,
    Found,
    SlotKey,
    box,
    open_body,
    open_key,
    read_key,
)

CONTEXT = Context.of(b"\0\0" + b"f" * 32, b"\1\0" + b"p" * 32)
KEYS = [SlotKey(bytes([n]) * 32, "envelope-large-symmetric-group") for n in range(1, 18)]
SECRETS = st.binary(min_size=32, max_size=32).filter(any)


@given(st.binary(min_size=1), st.integers(1, MAX_SLOTS), SECRETS)
def test_every_key_opens_the_envelope_and_no_other(plain: bytes, count: int, secret: bytes) -> None:
    boxed = box(plain, CONTEXT, secret, KEYS[:count])
    for key in KEYS[:count]:
        assert open_key(boxed, CONTEXT, [key]) == Found(read_key(secret, CONTEXT), key)
    assert open_key(boxed, CONTEXT, KEYS[count:]) is None
    assert open_body(boxed, CONTEXT, read_key(secret, CONTEXT)) == plain


def test_an_envelope_opens_in_its_place_only() -> None:
    boxed = box(b"hello", CONTEXT, b"k" * 32, KEYS[:1])
    for elsewhere in (
        Context.of(b"\0\0" + b"F" * 32, b"\1\0" + b"p" * 32),
        Context.of(b"\0\0" + b"f" * 32, b"\1\0" + b"P" * 32),
    ):
        assert open_key(boxed, elsewhere, KEYS[:1]) is None


def test_a_key_opens_only_with_its_scheme() -> None:
    boxed = box(b"hello", CONTEXT, b"k" * 32, KEYS[:1])
    assert open_key(boxed, CONTEXT, [SlotKey(KEYS[0].key, "another")]) is None


def test_only_as_many_slots_are_tried_as_were_asked_for() -> None:
    boxed = box(b"hello", CONTEXT, b"k" * 32, KEYS[:3])
    assert open_key(boxed, CONTEXT, [KEYS[2]], 2) is None
    assert open_key(boxed, CONTEXT, [KEYS[2]], 3) is not None


def test_no_envelope_of_nothing_for_too_many_or_under_no_key() -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        box(b"", CONTEXT, b"k" * 32, KEYS[:1])
    with pytest.raises(ValueError, match="max recipients is:16 found:17"):
        box(b"hello", CONTEXT, b"k" * 32, KEYS)
    with pytest.raises(ValueError, match="random"):
        box(b"hello", CONTEXT, bytes(32), KEYS[:1])


@given(st.binary(max_size=300))
def test_rubbish_is_no_envelope(data: bytes) -> None:
    assert open_key(data, CONTEXT, KEYS[:1]) is None
    assert open_body(data, CONTEXT, b"r" * 32) is None


@given(st.integers(0, 31 + 16 + 5))
def test_a_damaged_envelope_does_not_open(place: int) -> None:
    boxed = bytearray(box(b"hello", CONTEXT, b"k" * 32, KEYS[:1]))
    at = place if place < 32 else place + 32
    boxed[at] ^= 1
    reading = read_key(b"k" * 32, CONTEXT)
    assert open_body(bytes(boxed), CONTEXT, reading) is None
