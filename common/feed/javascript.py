"""Values as JavaScript has them: what is true, equal, a number, a text.

Values are those of common.feed.json and UNDEFINED. Knows no method; whoever reads what clients of Node give calls it.
"""

import re
from enum import Enum
from math import inf, isinf, isnan, nan
from typing import Any, Final, TypeGuard

from common.feed.json import compact

__all__ = [
    "MISSING",
    "UNDEFINED",
    "is_number",
    "is_truthy",
    "kind_of",
    "number",
    "number_of",
    "same",
    "text_of",
]


class Undefined(Enum):
    """The value of what is not there."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED
MISSING: Final = (None, UNDEFINED)
"""What `== null` finds."""

_SPACE = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", re.ASCII)
_MAX_EXACT = 2**53


def is_truthy(value: Any) -> bool:
    """Truth: empty lists and objects are true, NaN is not."""
    if value is True or value is False:
        return bool(value)
    if isinstance(value, dict | list):
        return True
    if value is None or value is UNDEFINED:
        return False
    return bool(value) and value == value  # noqa: PLR0124  NaN is not itself


def is_number(value: Any) -> TypeGuard[float]:
    """Whether JavaScript calls it a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind_of(value: Any) -> str:
    """`typeof`."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "object"


def same(one: Any, other: Any) -> bool:
    """`===` of a value of the data and one of the query: lists and objects are only themselves."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return one is other
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def number(value: float) -> float:
    """A number in the form that common.feed.json gives it: whole ones are int while they are exact."""
    if isinstance(value, float) and value.is_integer() and -_MAX_EXACT <= value <= _MAX_EXACT:
        return int(value)
    return value


def number_of(value: Any) -> float:
    """`+value`."""
    if isinstance(value, bool | int | float):
        return value
    if value is None:
        return 0
    if value is UNDEFINED:
        return nan
    text = text_of(value).strip(_SPACE)
    if not text:
        return 0
    if _WHOLE.fullmatch(text):
        return number(float(int(text, 0)))
    if _DECIMAL.fullmatch(text):
        return number(float(text))
    return {"Infinity": inf, "+Infinity": inf, "-Infinity": -inf}.get(text, nan)


def text_of(value: Any) -> str:
    """`String(value)`."""
    match value:
        case str():
            return value
        case dict():
            return "[object Object]"
        case list():
            return ",".join("" if one in MISSING else text_of(one) for one in value)
        case Undefined():
            return "undefined"
        case float() if isnan(value):
            return "NaN"
        case float() if isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
    return compact(value)
