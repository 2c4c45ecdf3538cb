import pytest
from hypothesis import given, strategies

from common.crypto.keys import generate
from common.crypto.sodium import box_seal
from services.peers.model.beacon import MAX_CALL, Discovery, boxed, plain, read_boxed, read_plain

ANN, BOB = generate(bytes(32)), generate(bytes([1]) * 32)
CAP = bytes(range(32))
ADDRESS = f"net:192.168.7.9:8008~shs:{ANN.id[1:45]}"


def test_both_forms_tell_the_address() -> None:
    assert read_plain(plain(ADDRESS)) == Discovery(ADDRESS, ANN.id, verified=False)
    assert read_boxed(boxed(ADDRESS, ANN, CAP), CAP) == Discovery(ADDRESS, ANN.id, verified=True)


def test_who_signs_for_somebody_else_is_not_verified() -> None:
    assert read_boxed(boxed(ADDRESS, BOB, CAP), CAP) == Discovery(ADDRESS, ANN.id, verified=False)


def test_another_network_is_not_understood() -> None:
    assert read_boxed(boxed(ADDRESS, ANN, CAP), bytes(32)) is None


@pytest.mark.parametrize("text", [b"[]", b'{"address":5}', b'{"address":"x"}', b"no json", b"\xff"])
def test_a_box_with_something_else_in_it_is_nothing(text: bytes) -> None:
    assert read_boxed(box_seal(text, CAP[:24], CAP) + bytes(64), CAP) is None


def test_calls_have_a_size() -> None:
    assert read_plain(plain(ADDRESS + ";" + "x" * MAX_CALL)) is None
    assert read_boxed(bytes(MAX_CALL + 1), CAP) is None
    assert read_boxed(bytes(64), CAP) is None
    assert read_plain(b"\xff") is None


@given(strategies.binary(max_size=MAX_CALL))
def test_any_bytes_are_read_or_left_alone(data: bytes) -> None:
    read_plain(data)
    assert read_boxed(data, CAP) is None
