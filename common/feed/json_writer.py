"""Values to JSON text, as V8's JSON.stringify does: the slow and complete way.

Writes well-formed text (lone surrogates as escapes), so that its UTF-8 always exists. Called by
`common.feed.json` alone, when its fast way doesn't apply.
"""

import re
from collections.abc import Iterator
from math import isfinite

from common.feed.errors import TooLong
from common.feed.json_reader import MAX_EXACT, Json, is_index, join_surrogates

_ESCAPE = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')
_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_WORDS = {None: "null", True: "true", False: "false"}
_INDENT = "  "

# Number::toString writes this many digits before it takes to an exponent.
_MAX_PLAIN_DIGITS = 21
_MIN_PLAIN_POINT = -6

_Members = Iterator[tuple[str | None, Json]]


def write(value: Json, *, indented: bool, limit: int | None = None) -> str:
    """The text of JSON.stringify(value), or of JSON.stringify(value, null, 2) when indented.

    Raises:
        TooLong: the text has more than `limit` characters.
        TypeError: something in the value is no JSON.
    """
    pieces: list[str] = []
    length = 0
    levels: list[tuple[_Members, str]] = []
    members: _Members = iter([(None, value)])
    close = start = ""
    while True:
        member = next(members, None)
        if member is None:
            if not levels:
                return "".join(pieces)
            piece = (_line(len(levels) - 1) if indented else "") + close
            members, close = levels.pop()
            start = ","
        else:
            key, item = member
            piece = start
            start = ","
            if levels and indented:
                piece += _line(len(levels))
            if key is not None:
                piece += quote(key) + (": " if indented else ":")
            if isinstance(item, list | dict) and item:
                levels.append((members, close))
                members, start = _members(item), ""
                piece, close = (piece + "[", "]") if isinstance(item, list) else (piece + "{", "}")
            else:
                piece += _leaf(item)
        pieces.append(piece)
        length += len(piece)
        if limit is not None and length > limit:
            raise TooLong(f"JSON text is longer than {limit} characters")


def quote(text: str) -> str:
    """A string as JSON: short escapes where there are any, lower-case hex for the rest."""
    return '"' + _ESCAPE.sub(_escape, join_surrogates(text)) + '"'


def number(value: float) -> str:
    """A number as Number::toString of ECMA-262 writes it; null when it is not finite."""
    if not isfinite(value):
        return "null"
    mantissa, _, exponent = repr(float(value)).partition("e")
    sign = "-" if value < 0 else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    # The value is 0.DIGITS times ten to the power of `point`.
    point = len(digits) - len(fraction) + int(exponent or 0)
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    if len(digits) <= point <= _MAX_PLAIN_DIGITS:
        return sign + digits.ljust(point, "0")
    if 0 < point <= _MAX_PLAIN_DIGITS:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if _MIN_PLAIN_POINT < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"


def _line(depth: int) -> str:
    return "\n" + _INDENT * depth


def _members(container: list[Json] | dict[str, Json]) -> _Members:
    if isinstance(container, list):
        return ((None, item) for item in container)
    keys = list(container)
    if any(map(is_index, keys)):
        keys.sort(key=lambda key: int(key) if is_index(key) else _AFTER_INDEXES)
    return ((key, container[key]) for key in keys)


_AFTER_INDEXES = 2**32  # greater than any; the sort is stable


def _leaf(value: Json) -> str:
    if isinstance(value, str):
        return quote(value)
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, int | float):
        exact = isinstance(value, int) and -MAX_EXACT <= value <= MAX_EXACT
        return str(value) if exact else number(value)
    if isinstance(value, list | dict):
        return "[]" if isinstance(value, list) else "{}"
    raise TypeError(f"{type(value).__name__} is no JSON")


def _escape(character: re.Match[str]) -> str:
    return _ESCAPES.get(character[0]) or f"\\u{ord(character[0]):04x}"
