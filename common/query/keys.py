"""Keys of index rows: lists of values as bytes that sort as charwise 3.0 sorts them in leveldb.

Only numbers are spelled otherwise (eight bytes instead of some twenty-five), in the same order. A key is never
the beginning of another one. Knows no index. Called by views, and by whoever reads their rows.
"""

import re
import struct
from collections.abc import Sequence
from math import isnan
from typing import Any

from common.feed.javascript import UNDEFINED
from common.query.errors import QueryError

__all__ = ["MAX_KEY", "cut", "joined", "key_of", "part_of", "text_in"]

MAX_KEY = 512
"""Bytes of a key that are kept: longer ones are cut, and whoever reads them looks at the message again."""
_ESCAPED = re.compile('[?!"]')
_ESCAPES = {"?": "?@", "!": "??", '"': "?%"}
_END_OF_TEXT = re.compile(b'["!]')
_SIGN = 1 << 63
_MASK = (1 << 64) - 1
_DOUBLE = struct.Struct(">d")
_BETWEEN, _END = b'"', b"!"
_NAN = b"D" + b"\xff" * 8
"""Above all numbers below zero."""


def key_of(items: Sequence[Any]) -> bytes:
    """The key of a list of values; UNDEFINED is above all others, None below.

    Raises:
        QueryError: an object is among them, which has no place in the order.
    """
    return joined(*[part_of(one) for one in items])


def joined(*parts: bytes) -> bytes:
    """The key of a list of values, each made by `part_of`."""
    return b"K" + _BETWEEN.join(parts) + _END


def text_in(key: bytes, n: int) -> str | None:
    """The n-th of a list of values, from its key, where that one and those before are texts; None: it was escaped."""
    part = _END_OF_TEXT.split(key, n + 1)[n].removeprefix(b"K")[1:]
    return None if b"?" in part else part.decode("utf-8", "surrogatepass")


def cut(key: bytes) -> bytes:
    """As much of a key as is kept."""
    return key[:MAX_KEY]


def part_of(value: Any) -> bytes:
    """A value within a key.

    Raises:
        QueryError: it is an object, which has no place in the order.
    """
    if isinstance(value, str):
        text: str = value
        if "!" in text or '"' in text:
            text = _ESCAPED.sub(lambda match: _ESCAPES[match[0]], text)
        return b"J" + text.encode("utf-8", "surrogatepass")
    if isinstance(value, bool):
        return b"C" if value else b"B"
    if isinstance(value, int | float):
        return _number(value)
    if value is None:
        return b"A"
    if value is UNDEFINED:
        return b"L"
    if isinstance(value, list):
        return key_of(value)
    raise QueryError("an object has no place in the order of an index")


def _number(value: float) -> bytes:
    if isnan(value):
        return _NAN
    bits = int.from_bytes(_DOUBLE.pack(value + 0.0))
    sign = b"D" if bits & _SIGN and value else b"F"
    return sign + (bits ^ _MASK if bits & _SIGN else bits | _SIGN).to_bytes(8)
