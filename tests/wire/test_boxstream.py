from hypothesis import given, settings
from hypothesis import strategies as st

from common.crypto import sodium
from common.wire.boxstream import MAX_BODY_BYTES, Opener, Sealer

KEY = bytes(range(32))
NONCE = bytes(24)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@settings(max_examples=80)
@given(
    st.binary(min_size=24, max_size=24),
    st.lists(st.integers(0, 10_000), max_size=5),
    st.lists(st.integers(0, 5_000), max_size=30),
)
def test_what_is_sealed_is_opened(nonce: bytes, lengths: list[int], sizes: list[int]) -> None:
    sealer, opener = Sealer(KEY, nonce), Opener(KEY, nonce)
    plain = [bytes([n % 256]) * length for n, length in enumerate(lengths)]
    sealed = b"".join(sealer.seal(data) for data in plain) + sealer.goodbye()
    opened = [body for piece in cut(sealed, sizes) for body in opener.feed(piece)]
    assert b"".join(opened) == b"".join(plain)
    assert all(0 < len(body) <= MAX_BODY_BYTES for body in opened)
    assert opener.end == "ok"
    opener.receive_eof()
    assert opener.end == "ok"


def test_nonces_wrap() -> None:
    nonce = b"\xff" * 24
    sealed = Sealer(KEY, nonce).seal(b"first") + Sealer(KEY, bytes(23) + b"\x01").seal(b"second")
    assert Opener(KEY, nonce).feed(sealed) == [b"first", b"second"]


def test_single_bytes_are_enough() -> None:
    sealed = Sealer(KEY, NONCE).seal(b"slow")
    opener = Opener(KEY, NONCE)
    assert opener.feed(sealed[:33]) == []
    assert opener.held == 33
    assert [body for n in sealed[33:] for body in opener.feed(bytes([n]))] == [b"slow"]
    assert opener.held == 0
    assert opener.end is None


def test_a_hangup_is_no_goodbye() -> None:
    opener = Opener(KEY, NONCE)
    opener.feed(Sealer(KEY, NONCE).seal(b"half")[:-1])
    opener.receive_eof()
    assert opener.end == "hangup"
    assert opener.feed(b"more") == []


def test_changed_bytes_end_the_stream() -> None:
    good = Sealer(KEY, NONCE).seal(b"one") + b""
    second = Sealer(KEY, bytes(23) + b"\x02").seal(b"two")
    for at, end in ((0, "invalid header"), (35, "invalid packet")):
        bad = bytearray(second)
        bad[at] ^= 1
        opener = Opener(KEY, NONCE)
        assert opener.feed(good + bytes(bad)) == [b"one"]
        assert opener.end == end
        assert opener.feed(good) == []


def test_a_body_without_bytes_is_nothing() -> None:
    tag = sodium.box_seal(b"", bytes(23) + b"\x01", KEY)
    header = sodium.box_seal(bytes(2) + tag, NONCE, KEY)
    sealer = Sealer(KEY, bytes(23) + b"\x02")
    opener = Opener(KEY, NONCE)
    assert opener.feed(header + sealer.seal(b"after") + sealer.goodbye()) == [b"after"]
    assert opener.end == "ok"
