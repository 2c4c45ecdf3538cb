"""Reduces of map-filter-reduce 3.2.2: what is kept of many values, alone, in objects, and by groups.

A reduce takes what was kept so far (None at the very start of a stream, UNDEFINED within an object or group)
and one more value. Called by `rules` and `stages`.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from math import isnan, nan
from typing import Any, NamedTuple, TypeAlias

from common.feed.javascript import UNDEFINED, is_truthy, number, number_of
from common.query import order
from common.query.errors import Place
from common.query.values import add, getter

__all__ = ["REDUCES", "Key", "Reduce", "grouped", "named", "of_object", "unchanged"]

_Two: TypeAlias = Callable[[Any, Any], Any]


class Reduce(NamedTuple):
    """A rule of two values: what was kept, and one more.

    `again`, where it is another, is for one more of a group whose keys are texts, which are the same then.
    """

    two: _Two
    again: _Two | None = None

    def alone(self, value: Any) -> Any:
        """What it gives where only one value is there: JavaScript calls it without the other one.

        That value is of the data, which others read too: what is collected goes into a copy.
        """
        return self.two(deepcopy(value), UNDEFINED)


class Key(NamedTuple):
    """One of the values that make a group: where it stands in what is kept, and how it is got."""

    path: tuple[str, ...]
    get: Callable[[Any], Any]


def named(name: str, get: Callable[[Any], Any], keep: Callable[[int], None]) -> Reduce:
    """The reduce with that name over what `get` gives; `keep` counts what it holds."""
    two = REDUCES[name]
    if name != "$collect":
        return Reduce(lambda kept, item: two(kept, get(item)))

    def collect(kept: Any, item: Any) -> Any:
        keep(1)
        return two(kept, get(item))

    return Reduce(collect)


def of_object(parts: Mapping[str, Reduce]) -> Reduce:
    """An object of reduces."""
    several = [(name, getter(name), part.two) for name, part in parts.items()]

    def two(kept: Any, item: Any) -> Any:
        if type(kept) is dict:
            return {name: part(kept.get(name, UNDEFINED), item) for name, _, part in several}
        if not is_truthy(kept):
            return {name: part(UNDEFINED, item) for name, _, part in several}
        return {name: part(get(kept), item) for name, get, part in several}

    changing = [(n, r.again or r.two) for n, r in parts.items() if r.again is not unchanged]

    def again(kept: Any, item: Any) -> Any:
        if type(kept) is not dict:
            return two(kept, item)
        for name, part in changing:
            kept[name] = part(kept.get(name, UNDEFINED), item)
        return kept

    return Reduce(two, again)


def unchanged(kept: Any, _: Any) -> Any:
    """What is kept of a key that is the same again."""
    return kept


def grouped(keys: list[Key], reduce: Reduce, keep: Callable[[], None], place: Place) -> Reduce:
    """One reduce for each group, the groups in the order of their keys; a key that is a list ends the comparison."""
    ways = [[getter(name) for name in key.path] for key in keys]
    gets, places, again = [key.get for key in keys], _Places(), reduce.again or reduce.two

    def compare(kept: Any, needle: list[Any]) -> int:
        for way, wanted in zip(ways, needle, strict=True):
            found = kept
            for get in way:
                found = UNDEFINED if found is UNDEFINED or found is None else get(found)
            if isinstance(found, list) or isinstance(wanted, list) or found is not wanted:
                result = order.compare(found, wanted, place)
                if result or isinstance(found, list):
                    return result
        return 0

    def two(groups: Any, item: Any) -> Any:
        if is_truthy(groups) and not isinstance(groups, list):
            groups = reduce.two([], groups)
        kept: list[Any] = groups if is_truthy(groups) else []
        needle = [get(item) for get in gets]
        at = places.of(kept, needle)
        if at is not None:
            kept[at] = again(kept[at], item)
            return kept
        at, found = _search(kept, needle, compare)
        if not found:
            keep()
            kept.insert(at, UNDEFINED)
            places.forget()
        places.note(kept, needle, at)
        kept[at] = reduce.two(kept[at], item)
        return kept

    return Reduce(two)


class _Places:
    """Where the groups of some texts stand, which need not be searched again before there is another group."""

    def __init__(self) -> None:
        self._kept: list[Any] | None = None
        self._places: dict[tuple[str, ...], int] = {}

    def of(self, kept: list[Any], needle: list[Any]) -> int | None:
        """The place of a group that was noted; None of others."""
        if self._kept is not kept:
            return None
        for one in needle:
            if type(one) is not str:
                return None
        return self._places.get(tuple(needle))

    def note(self, kept: list[Any], needle: list[Any], at: int) -> None:
        """Note where a group was found; only texts are the same whenever they look the same."""
        if self._kept is not kept:
            self._kept = kept
            self.forget()
        if all(type(one) is str for one in needle):
            self._places[tuple(needle)] = at

    def forget(self) -> None:
        """Forget all, for others moved."""
        self._places.clear()


def _search(
    kept: list[Any], needle: list[Any], compare: Callable[[Any, list[Any]], int]
) -> tuple[int, bool]:
    low, high = 0, len(kept) - 1
    while low <= high:
        middle = (low + high) // 2
        found = compare(kept[middle], needle)
        if found == 0:
            return middle, True
        if found < 0:
            low = middle + 1
        else:
            high = middle - 1
    return low, False


def _count(kept: Any, _: Any) -> Any:
    if type(kept) is int:
        return kept + 1
    return add(kept if is_truthy(kept) else 0, 1)


def _or(value: Any, other: float) -> float:
    found = number_of(value)
    return found if is_truthy(found) else other


def _sum(kept: Any, value: Any) -> Any:
    return number(float(_or(kept, 0)) + float(_or(value, 0)))


def _product(kept: Any, value: Any) -> Any:
    one, other = (number_of(x) if is_truthy(x) else 1 for x in (kept, value))
    return number(float(one) * float(other))


def _extreme(choose: Callable[[float, float], float]) -> _Two:
    def two(kept: Any, value: Any) -> Any:
        if kept is UNDEFINED:
            return value
        one, other = number_of(kept), number_of(value)
        return nan if isnan(one) or isnan(other) else number(float(choose(one, other)))

    return two


def _collect(kept: Any, value: Any) -> Any:
    if not is_truthy(kept):
        kept = []
    values = kept if isinstance(kept, list) else [kept]
    values.append(value)
    return values


REDUCES: Mapping[str, _Two] = {
    "$count": _count,
    "$sum": _sum,
    "$product": _product,
    "$max": _extreme(max),
    "$min": _extreme(min),
    "$collect": _collect,
}
