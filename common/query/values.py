"""Values as JavaScript has them, where a query can tell the difference: `undefined`, NaN, equality, order.

Values are those of common.feed.json and UNDEFINED. Knows no query. The other modules of the package call it.
"""

import re
from collections.abc import Callable
from enum import Enum
from math import fmod, inf, isfinite, isinf, isnan, nan
from typing import Any, Final

from common.feed.json import compact
from common.query.errors import Place, QueryError

__all__ = [
    "MISSING",
    "UNDEFINED",
    "add",
    "clean",
    "compare",
    "getter",
    "kind_of",
    "length_of",
    "member",
    "number",
    "number_of",
    "remainder",
    "same",
    "starts_with",
    "text_of",
    "truthy",
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
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_MAX_EXACT = 2**53


def truthy(value: Any) -> bool:
    """Truth: empty lists and objects are true, NaN is not."""
    if value is True or value is False:
        return bool(value)
    if isinstance(value, dict | list):
        return True
    if value is None or value is UNDEFINED:
        return False
    return bool(value) and value == value  # noqa: PLR0124  NaN is not itself


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


def add(one: Any, other: Any) -> Any:
    """`one + other`."""
    one, other = _primitive(one), _primitive(other)
    if isinstance(one, str) or isinstance(other, str):
        return text_of(one) + text_of(other)
    return number(float(number_of(one)) + float(number_of(other)))


def remainder(one: Any, other: Any) -> float:
    """`one % other`."""
    value, by = float(number_of(one)), float(number_of(other))
    return number(fmod(value, by)) if by and isfinite(value) and not isnan(by) else nan


def compare(one: Any, other: Any) -> int | None:
    """Below 0, 0 or above as `<` and `>` have it; None where neither they nor `<=` and `>=` hold."""
    one, other = _primitive(one), _primitive(other)
    if isinstance(one, str) and isinstance(other, str):
        if not (one.isascii() and other.isascii()):
            one, other = _units(one), _units(other)
    else:
        one, other = number_of(one), number_of(other)
        if one != one or other != other:  # noqa: PLR0124  NaN
            return None
    return int(one > other) - int(one < other)


def length_of(text: str) -> int:
    """The length of a text in UTF-16 units."""
    return len(text) if text.isascii() else len(_units(text)) // 2


def starts_with(value: Any, begin: Any) -> bool:
    """`$prefix`: a text that begins with a text, or a list that begins with a list and is longer."""
    if isinstance(begin, list):
        if not isinstance(value, list) or len(value) <= len(begin):
            return False
        return all(same(one, other) for one, other in zip(begin, value, strict=False))
    if not isinstance(value, str):
        return False
    if isinstance(begin, str):
        return value.startswith(begin)
    if isinstance(begin, dict):
        return value == text_of(begin)
    return number_of(value) == number_of(begin)


def member(value: Any, key: str | float, place: Place = ()) -> Any:
    """`value[key]`.

    Raises:
        QueryError: the value is null or undefined.
    """
    return getter(key, place)(value)


def getter(key: str | float, place: Place = ()) -> Callable[[Any], Any]:
    """A function that gives `value[key]`; it raises QueryError for null and undefined."""
    name = key if isinstance(key, str) else text_of(number(key))
    index = int(name) if _INDEX.fullmatch(name) else None

    def get(value: Any) -> Any:
        if type(value) is dict:
            return value.get(name, UNDEFINED)
        if isinstance(value, list | str):
            return _element(value, name, index)
        if value is None or value is UNDEFINED:
            what = "null" if value is None else "undefined"
            raise QueryError(f"cannot read {name!r} of {what}", place)
        return UNDEFINED

    return get


def clean(value: Any) -> Any:
    """The value as JSON.stringify would see it: without what is undefined."""
    if isinstance(value, dict):
        return {key: clean(one) for key, one in value.items() if one is not UNDEFINED}
    if isinstance(value, list):
        return [None if one is UNDEFINED else clean(one) for one in value]
    return value


def _element(value: Any, name: str, index: int | None) -> Any:
    if name == "length":
        return len(value) if isinstance(value, list) else length_of(value)
    if index is None:
        return UNDEFINED
    if isinstance(value, list):
        return value[index] if index < len(value) else UNDEFINED
    if value.isascii():
        return value[index] if index < len(value) else UNDEFINED
    unit = _units(value)[2 * index : 2 * index + 2]
    return unit.decode("utf-16-be", "surrogatepass") if unit else UNDEFINED


def _primitive(value: Any) -> Any:
    return text_of(value) if isinstance(value, dict | list) else value


def _units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")
