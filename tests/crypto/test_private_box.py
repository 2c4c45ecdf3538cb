import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.crypto import sodium
from common.crypto.private_box import (
    ENTROPY_BYTES,
    Randomness,
    decrypt,
    encrypt,
    open_body,
    open_key,
)

RANDOM = Randomness.cut(bytes(range(ENTROPY_BYTES)))
SECRETS = [bytes([n]) * 32 for n in range(1, 11)]
PUBLICS = [sodium.scalarmult_base(secret) for secret in SECRETS]


@given(st.binary(), st.integers(1, 7), st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES))
def test_every_recipient_opens_the_box_and_nobody_else(
    message: bytes, count: int, entropy: bytes
) -> None:
    boxed = encrypt(message, PUBLICS[:count], Randomness.cut(entropy))
    assert [decrypt(boxed, secret) for secret in SECRETS] == (
        [message] * count + [None] * (len(SECRETS) - count)
    )


@given(st.binary(max_size=300))
def test_rubbish_is_no_box(data: bytes) -> None:
    assert decrypt(data, SECRETS[0]) is None


@given(st.integers(0, 169))
def test_a_damaged_box_opens_for_nobody_it_was_damaged_for(place: int) -> None:
    boxed = bytearray(encrypt(b"hello", PUBLICS[:2], RANDOM))
    assert len(boxed) == 175
    boxed[place] ^= 1
    opened = [decrypt(bytes(boxed), secret) for secret in SECRETS[:2]]
    assert None in opened


def test_slots_beyond_the_maximum_are_not_tried() -> None:
    boxed = encrypt(b"hello", PUBLICS, RANDOM, 10)
    assert decrypt(boxed, SECRETS[7]) == b"hello"
    assert decrypt(boxed, SECRETS[8]) is None
    assert decrypt(boxed, SECRETS[8], 8) == b"hello"


def test_a_slot_opens_the_body() -> None:
    boxed = encrypt(b"hello", PUBLICS[:3], RANDOM)
    slot = open_key(boxed, SECRETS[1])
    assert slot == b"\x03" + RANDOM.body_key
    assert open_body(boxed, slot) == b"hello"
    assert open_body(boxed, b"\xff" + slot[1:]) is None
    with pytest.raises(ValueError, match="33 bytes, not 3"):
        open_body(boxed, b"abc")


def test_a_onetime_key_of_small_order_is_refused() -> None:
    boxed = encrypt(b"hello", PUBLICS[:1], RANDOM)
    assert decrypt(boxed[:24] + bytes(32) + boxed[56:], SECRETS[0]) is None


@pytest.mark.parametrize("limit", [-1, 256])
def test_impossible_maxima_are_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 255"):
        encrypt(b"", [], RANDOM, limit)
    with pytest.raises(ValueError, match="between 0 and 255"):
        decrypt(b"", SECRETS[0], limit)


def test_recipients_are_checked() -> None:
    with pytest.raises(ValueError, match="max recipients is:7 found:8"):
        encrypt(b"", PUBLICS[:8], RANDOM, 0)
    with pytest.raises(ValueError, match="small order"):
        encrypt(b"", [bytes(32)], RANDOM)


def test_keys_are_not_shown() -> None:
    assert "key" not in repr(RANDOM)
