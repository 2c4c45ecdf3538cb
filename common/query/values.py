"""What JavaScript does with values, where a query can tell the difference: sums, order, members.

Values are those of common.feed.javascript. Knows no query. The other modules of the package call it.
"""

import re
from collections.abc import Callable
from math import fmod, isfinite, isnan, nan
from typing import Any

from common.feed.javascript import UNDEFINED, number, number_of, same, text_of
from common.query.errors import Place, QueryError

__all__ = ["add", "clean", "compare", "getter", "length_of", "member", "remainder", "starts_with"]

_INDEX = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


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
