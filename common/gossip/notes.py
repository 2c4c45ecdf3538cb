"""How a note says what a peer has of a feed and whether it wants more.

Knows the two encodings of epidemic-broadcast-trees (`v2.js`, `v3.js`), 32-bit shifts included; must never know
feeds or peers. Called by the sessions' shell, which speaks version 2 with who asks for it.
"""

import math
from typing import Final, NamedTuple

REFUSED: Final = -1
_INT32: Final = 1 << 32
_SIGN: Final = 1 << 31


class Note(NamedTuple):
    """`sequence` is the last one held (-1: none is told), `replicate` whether the feed is spoken of at all,
    `receive` whether messages are wanted."""  # noqa: D205, D209  one sentence

    sequence: int
    replicate: bool
    receive: bool


def encode_note(sequence: int, receive: bool, version: int = 3) -> int:
    """The note for a feed of which `sequence` is the last message here; sequence -1 refuses the feed."""
    if sequence == REFUSED:
        return REFUSED
    if version == 2:
        return sequence if receive else ~(sequence or -1)
    return _int32(sequence << 1) | (not receive)


def decode_note(value: object, version: int = 3) -> Note:
    """What a note means; any JSON is taken, as JavaScript's operators take it."""
    number = _integer(value)
    if version == 2:
        whole = REFUSED if number is None else number
        replicate = number != REFUSED
        return Note(~whole if whole < REFUSED else whole, replicate, (number or 0) > REFUSED)
    if number is None:
        return Note(REFUSED, True, not _to_int32(value) & 1)
    return Note(_int32(number) >> 1, number != REFUSED, not number & 1)


def _integer(value: object) -> int | None:
    """The value where `Number.isInteger` holds for it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def _to_int32(value: object) -> int:
    """ToInt32 of ECMAScript for what is no integer; text that is no plain number counts as 0."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return 0
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return _int32(int(value))
    return 0


def _int32(number: int) -> int:
    low = number % _INT32
    return low - _INT32 if low & _SIGN else low
