from hypothesis import given
from hypothesis import strategies as st

from common.crypto import sodium

SEEDS = st.binary(min_size=32, max_size=32)


@given(SEEDS, SEEDS)
def test_both_sides_share_a_secret(ours: bytes, theirs: bytes) -> None:
    shared = sodium.scalarmult(ours, sodium.scalarmult_base(theirs))
    assert shared == sodium.scalarmult(theirs, sodium.scalarmult_base(ours))


@given(SEEDS)
def test_converted_keys_belong_together(seed: bytes) -> None:
    public, secret = sodium.keypair(seed)
    exchange = sodium.convert_secret(secret)
    assert sodium.convert_public(public) == sodium.scalarmult_base(exchange)


def test_points_that_are_none_are_refused() -> None:
    assert sodium.convert_public(bytes(32)) is None
    assert sodium.scalarmult(b"\1" * 32, bytes(32)) is None


@given(st.binary(), SEEDS)
def test_boxes_open_with_their_key_only(message: bytes, key: bytes) -> None:
    boxed = sodium.box_seal(message, bytes(24), key)
    assert sodium.box_open(boxed, bytes(24), key) == message
    assert sodium.box_open(boxed, b"\1" * 24, key) is None


def test_digests() -> None:
    assert sodium.sha256_digest(b"").hex().startswith("e3b0c442")
    assert len(sodium.hmac_512_256(b"", bytes(32))) == 32
