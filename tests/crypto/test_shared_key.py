from hypothesis import given
from hypothesis import strategies as st

from common.crypto import sodium
from common.crypto.shared_key import DIRECT, PO_BOX, Side, shared_keys

SECRETS = st.binary(min_size=32, max_size=32)


def _side(secret: bytes, name: bytes) -> Side:
    return Side(b"\3\0" + sodium.scalarmult_base(secret), b"\0\0" + name * 32)


@given(SECRETS, SECRETS)
def test_both_sides_have_the_same_keys(one: bytes, other: bytes) -> None:
    mine, theirs = _side(one, b"1"), _side(other, b"2")
    keys = shared_keys(DIRECT, one, mine, theirs)
    assert keys == shared_keys(DIRECT, other, theirs, mine)
    assert keys[0] not in shared_keys(PO_BOX, one, mine, theirs)


def test_nobody_shares_a_key_with_a_point_of_small_order() -> None:
    assert shared_keys(DIRECT, b"1" * 32, _side(b"1" * 32, b"1"), Side(bytes(34), bytes(34))) == []


def test_two_keys_where_javascript_orders_otherwise_than_bytes() -> None:
    """Bytes that are no UTF-8 read as U+FFFD, which stands above most letters."""
    secret, high = b"1" * 32, Side(b"\3\0" + b"\x80" * 32, bytes(34))
    letter = Side(b"\3\0" + "é".encode() * 16, bytes(34))
    assert len(shared_keys(DIRECT, secret, letter, high)) == 2
