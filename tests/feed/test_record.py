"""The two binary forms of a message, against docs/bus.md section 9."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.feed.record import Candidate, Record, RecordError, pack_candidate, pack_record

KEY, AUTHOR, PREVIOUS = b"k" * 32, b"a" * 32, b"p" * 32
IDS = st.binary(min_size=32, max_size=32)
SEQUENCES = st.integers(1, 2**64 - 1)


@given(IDS, IDS, SEQUENCES, IDS.filter(any) | st.none(), st.binary(min_size=1))
def test_candidate_round_trip(
    key: bytes, author: bytes, sequence: int, previous: bytes | None, message: bytes
) -> None:
    raw = pack_candidate(key, author, sequence, previous, message)
    assert Candidate.parse(raw) == Candidate(key, author, sequence, previous, message)


@given(IDS, IDS, SEQUENCES, st.floats(allow_nan=False), st.binary())
def test_record_round_trip(
    key: bytes, author: bytes, sequence: int, received: float, message: bytes
) -> None:
    raw = pack_record(key, author, sequence, received, message)
    assert Record.parse(raw) == Record(key, author, sequence, received, message)


def test_candidate_offsets() -> None:
    raw = pack_candidate(KEY, AUTHOR, 7, PREVIOUS, b"{}")
    assert raw == b"\x01" + KEY + AUTHOR + struct.pack(">Q", 7) + PREVIOUS + b"{}"
    assert pack_candidate(KEY, AUTHOR, 1, None, b"{}")[73:105] == bytes(32)


def test_record_offsets() -> None:
    raw = pack_record(KEY, AUTHOR, 7, 1.5, b"{}")
    assert raw == b"\x01" + KEY + AUTHOR + struct.pack(">Qd", 7, 1.5) + b"{}"


def test_record_of_a_deleted_message_ends_after_the_head() -> None:
    raw = pack_record(KEY, AUTHOR, 7, 1.5, b"")
    assert len(raw) == 81
    assert Record.parse(raw).message == b""


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        pack_candidate(KEY, AUTHOR, 1, None, b""),
        b"\x02" + pack_candidate(KEY, AUTHOR, 1, None, b"{}")[1:],
        pack_candidate(KEY, AUTHOR, 0, None, b"{}"),
    ],
)
def test_candidate_refuses(raw: bytes) -> None:
    with pytest.raises(RecordError):
        Candidate.parse(raw)


@pytest.mark.parametrize("raw", [b"", bytes(80), b"\x02" + bytes(80)])
def test_record_refuses(raw: bytes) -> None:
    with pytest.raises(RecordError):
        Record.parse(raw)
