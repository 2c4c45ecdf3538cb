import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.wire.errors import PacketError
from common.wire.packets import (
    BUFFER,
    END,
    GOODBYE,
    JSON,
    MAX_PACKET_BYTES,
    STREAM,
    STRING,
    Packet,
    Reader,
    decode_body,
    encode,
)

PACKETS = st.tuples(
    st.sampled_from([BUFFER, STRING, JSON]).flatmap(
        lambda kind: st.sampled_from([kind, kind | STREAM, kind | END, kind | STREAM | END | 0xF0])
    ),
    st.integers(-(2**31), 2**31 - 1),
    st.binary(min_size=1, max_size=200),
)


@settings(max_examples=150)
@given(st.lists(PACKETS, max_size=10), st.lists(st.integers(0, 300), max_size=30))
def test_packets_come_back(packets: list[Packet], sizes: list[int]) -> None:
    data = b"".join(encode(*packet) for packet in packets) + GOODBYE + b"behind"
    reader = Reader()
    found: list[Packet] = []
    for size in [*sizes, len(data)]:
        found += reader.feed(data[:size])
        data = data[size:]
    assert found == packets
    assert reader.end == ""
    reader.receive_eof()
    assert reader.end == ""


def test_a_large_packet_in_small_pieces() -> None:
    data = encode(BUFFER, 1, b"x" * 100_000)
    reader = Reader()
    found = [p for n in range(0, len(data), 7) for p in reader.feed(data[n : n + 7])]
    assert found == [(BUFFER, 1, b"x" * 100_000)]


def test_the_limit_is_seen_in_the_header() -> None:
    header = encode(JSON, 1, b"")[:1] + (MAX_PACKET_BYTES + 1).to_bytes(4) + bytes(4)
    reader = Reader()
    assert reader.feed(encode(JSON, 1, b"1") + header) == [(JSON, 1, b"1")]
    assert reader.end is not None
    assert "are allowed" in reader.end
    assert reader.feed(encode(JSON, 1, b"1")) == []


def test_a_type_that_is_none_ends_the_reading() -> None:
    reader = Reader()
    assert reader.feed(encode(3, 1, b"x")) == []
    assert reader.end == "packet of an unknown type"


def test_hanging_up_is_no_goodbye() -> None:
    reader = Reader()
    reader.receive_eof()
    assert reader.end == "the peer hung up"
    reader = Reader()
    reader.feed(b"\x00")
    reader.receive_eof()
    assert reader.end == "the peer hung up within a packet"


@given(st.text(), st.binary())
def test_bodies_that_are_no_json(text: str, raw: bytes) -> None:
    assert decode_body(STREAM | STRING, text.encode()) == text
    assert decode_body(STREAM | BUFFER, raw) == raw


def test_json_is_taken_as_node_takes_it() -> None:
    assert decode_body(JSON, b'{"a": [1, null]}') == {"a": [1, None]}
    assert decode_body(JSON, b'"\xff"') == "�"
    for bad in (b"", b"NaN", b"[1,]", b"\xef\xbb\xbf{}", b"[" * 100_000):
        with pytest.raises(PacketError, match="no JSON"):
            decode_body(JSON, bad)
