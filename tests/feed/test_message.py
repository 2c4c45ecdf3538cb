from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from common.crypto.keys import generate, verify
from common.feed.json import encode
from common.feed.message import digest, message_id, sign_object

KEYS = generate(bytes(32))


@given(st.text())
def test_the_hash_is_over_the_low_byte_of_each_unit(text: str) -> None:
    units = [u for c in text for u in _units(ord(c))]
    assert digest(text.encode("utf-8")) == (
        sha256(bytes(u & 0xFF for u in units)).digest(),
        len(units),
    )


def _units(point: int) -> list[int]:
    if point < 0x10000:
        return [point]
    return [0xD800 + ((point - 0x10000) >> 10), 0xDC00 + (point & 0x3FF)]


def test_two_texts_with_the_same_low_bytes_have_one_id() -> None:
    assert message_id({"text": "A"}) == message_id({"text": "\u0141"})
    assert message_id(None) == "%dCNOmK/nSY+12vHzasLXiswzlGT5UHA7jAGYkvmCuQs=.sha256"


def test_a_signature_is_put_last_or_in_the_place_of_the_old_one() -> None:
    signed = sign_object({"b": 1, "__proto__": {}, "a": [1.5]}, KEYS, None)
    assert list(signed) == ["b", "a", "signature"]
    signature = signed["signature"]
    assert isinstance(signature, str)
    assert verify(KEYS.public, signature, encode({"b": 1, "a": [1.5]}).encode())
    again = sign_object({"signature": "old", "b": 1}, KEYS, bytes(32))
    assert list(again) == ["signature", "b"]
    assert again != sign_object({"signature": "old", "b": 1}, KEYS, None)
