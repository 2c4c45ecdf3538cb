"""Both ways that bytes look on a socket."""

from common.wire.handshake import Outcome
from services.network.channel import Boxed, Plain

A, B = b"a" * 32, b"b" * 32
M, N = b"m" * 24, b"n" * 24


def test_boxes_go_through_and_end_with_a_goodbye() -> None:
    left, right = Boxed(Outcome(B, A, M, B, N)), Boxed(Outcome(A, B, N, A, M))
    sent = bytes(10_000)
    sealed = left.seal(sent)
    assert sealed != sent
    assert right.open(sealed) == sent
    assert right.end is None
    assert right.open(left.goodbye()) == b""
    assert right.end == "ok"


def test_a_changed_byte_ends_the_channel() -> None:
    left, right = Boxed(Outcome(B, A, M, B, N)), Boxed(Outcome(A, B, N, A, M))
    sealed = bytearray(left.seal(b"hello"))
    sealed[-1] ^= 1
    assert right.open(bytes(sealed)) == b""
    assert right.end not in (None, "ok")


def test_plain_is_plain() -> None:
    channel = Plain()
    assert channel.seal(b"x") == channel.open(b"x") == b"x"
    assert channel.goodbye() == b""
    assert channel.end is None
