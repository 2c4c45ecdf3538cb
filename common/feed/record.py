"""Candidate and Record: the two binary forms of a message inside the suite (docs/bus.md section 9).

Knows offsets only: a message goes through as the bytes of its compact JSON, never parsed. `replication`
and `storage` write them, every reader of the log slices them.
"""

from struct import Struct
from typing import NamedTuple

__all__ = [
    "CLASSIC",
    "HEADER_BYTES",
    "Candidate",
    "Record",
    "RecordError",
    "pack_candidate",
    "pack_record",
]

#: Format of a classic message (JSON, hashed over the low bytes of UTF-16).
CLASSIC = 1

_CANDIDATE = Struct(">B32s32sQ32s")
_RECORD = Struct(">B32s32sQd")
_NO_PREVIOUS = bytes(32)
#: Length of a record whose message was deleted.
HEADER_BYTES = _RECORD.size


class RecordError(ValueError):
    """These bytes are no candidate or record: whoever sent them has a bug, or a file is damaged."""


class Candidate(NamedTuple):
    """A verified message on its way to the log; `previous` is None in the first of a feed."""

    key: bytes
    author: bytes
    sequence: int
    previous: bytes | None
    message: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Candidate":
        """Take apart what `pack_candidate` made.

        Raises: RecordError, for another format, a sequence of 0, or too few bytes.
        """
        if len(raw) <= _CANDIDATE.size:
            raise RecordError(f"a candidate has more than {_CANDIDATE.size} bytes, not {len(raw)}")
        kind, key, author, sequence, previous = _CANDIDATE.unpack_from(raw)
        if kind != CLASSIC:
            raise RecordError(f"candidate of unknown format {kind}")
        if sequence == 0:
            raise RecordError("the sequence of a candidate begins at 1")
        return cls(
            key,
            author,
            sequence,
            None if previous == _NO_PREVIOUS else previous,
            raw[_CANDIDATE.size :],
        )


class Record(NamedTuple):
    """A message as the log holds it; `received` in milliseconds since 1970, an empty `message` was deleted."""

    key: bytes
    author: bytes
    sequence: int
    received: float
    message: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Record":
        """Take apart what `pack_record` made.

        Raises: RecordError, for another format or too few bytes.
        """
        if len(raw) < _RECORD.size:
            raise RecordError(f"a record has at least {_RECORD.size} bytes, not {len(raw)}")
        kind, key, author, sequence, received = _RECORD.unpack_from(raw)
        if kind != CLASSIC:
            raise RecordError(f"record of unknown format {kind}")
        return cls(key, author, sequence, received, raw[_RECORD.size :])


def pack_candidate(
    key: bytes, author: bytes, sequence: int, previous: bytes | None, message: bytes
) -> bytes:
    """A candidate's bytes: raw ids of 32 bytes, `message` the compact JSON in UTF-8."""
    head = _CANDIDATE.pack(CLASSIC, key, author, sequence, previous or _NO_PREVIOUS)
    return head + message


def pack_record(key: bytes, author: bytes, sequence: int, received: float, message: bytes) -> bytes:
    """A record's bytes: raw ids of 32 bytes, `message` the compact JSON in UTF-8, or empty."""
    return _RECORD.pack(CLASSIC, key, author, sequence, received) + message
