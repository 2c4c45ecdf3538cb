"""JSON as V8 reads and writes it, because ids and signatures hash the very text that V8 makes.

orjson serves where it provably gives the same (see `is_plain`); anything else goes the slow way of
`json_reader` and `json_writer`. Knows no message. Everyone who touches content calls it.
"""

from typing import Any

import orjson

from common.feed import json_reader, json_writer
from common.feed.errors import TooLong
from common.feed.json_reader import MAX_EXACT, Json

__all__ = [
    "Json",
    "compact",
    "compact_utf8",
    "encode",
    "encode_utf8",
    "is_plain",
    "parse",
    "parse_marked",
]

# Fractions from here to MAX_EXACT both write with the same shortest digits and no exponent.
_LEAST_FRACTION = 1e-3
_INDENTED = orjson.OPT_INDENT_2


def parse(text: str | bytes) -> Json:
    """The value of a JSON text; bytes are UTF-8, in which damage reads as U+FFFD, as in Node.

    Raises:
        JsonError: V8 would refuse the text.
    """
    return parse_marked(text)[0]


def parse_marked(text: str | bytes) -> tuple[Json, bool]:
    """`parse`, and whether the value is plain: saves those who write it again the second look."""
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    else:
        if is_plain(value):
            return value, True
    return json_reader.read(
        text if isinstance(text, str) else text.decode("utf-8", "replace")
    ), False


def encode(value: Json) -> str:
    """JSON.stringify(value, null, 2): the text that is signed and hashed.

    Raises:
        TypeError: something in the value is no JSON.
    """
    return encode_utf8(value).decode()


def compact(value: Json) -> str:
    """JSON.stringify(value): the text that is stored and sent.

    Raises:
        TypeError: something in the value is no JSON.
    """
    return compact_utf8(value).decode()


def encode_utf8(value: Json, *, plain: bool | None = None, limit: int | None = None) -> bytes:
    """`encode` as UTF-8; `plain` when known from `parse_marked`.

    Raises:
        TooLong: the text has more than `limit` characters.
        TypeError: something in the value is no JSON.
    """
    return _write(value, plain, limit, indented=True)


def compact_utf8(value: Json, *, plain: bool | None = None, limit: int | None = None) -> bytes:
    """`compact` as UTF-8; arguments and errors are those of `encode_utf8`."""
    return _write(value, plain, limit, indented=False)


def is_plain(value: Json) -> bool:
    """Whether orjson reads and writes this value exactly as V8 does.

    It differs in how it spells whole floats and very large and small ones, in integers that a double cannot
    hold, and in keys that count as array indexes (here: begin with a digit); nothing else, as the tests
    prove. Lone surrogates and great depth it refuses aloud.
    """
    pending: list[Any] = [value]
    for item in pending:
        kind = type(item)
        if kind is dict:
            for key, member in item.items():
                if "0" <= key < ":":
                    return False
                if type(member) is not str:
                    pending.append(member)
        elif kind is list:
            pending += item
        elif kind is int or kind is float:
            if not _is_plain_number(item):
                return False
        elif kind is not str and kind is not bool and item is not None:
            return False
    return True


def _is_plain_number(number: float) -> bool:
    """Timestamps often have a fraction (monotonic-timestamp): the slow way takes ten times as long."""
    if isinstance(number, int):
        return -MAX_EXACT <= number <= MAX_EXACT
    return _LEAST_FRACTION <= abs(number) < MAX_EXACT and not number.is_integer()


def _write(value: Json, plain: bool | None, limit: int | None, *, indented: bool) -> bytes:
    if is_plain(value) if plain is None else plain:
        try:
            text = orjson.dumps(value, option=_INDENTED if indented else None)
        except orjson.JSONEncodeError:
            pass  # nested too deep for it, or a lone surrogate
        else:
            if limit is not None and len(text) > limit and len(text.decode()) > limit:
                raise TooLong(f"JSON text is longer than {limit} characters")
            return text
    return json_writer.write(value, indented=indented, limit=limit).encode()
