"""A whole query over a stream: its stages one after the other (map-filter-reduce 3.2.2).

`$filter` and `$map` pass values on, `$reduce` and `$sort` hold them until the end. A value with a true
`sync` passes tests and maps as it is, as in the original. Called by the shells that answer queries, with
chunks, so that they choose when to rest.
"""

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from math import inf
from typing import Any, Protocol

from common.feed.javascript import is_truthy, kind_of
from common.feed.json import Json
from common.query.errors import Place, QueryError
from common.query.limits import Budget
from common.query.order import comparer
from common.query.reduces import Reduce
from common.query.rules import Maker, One
from common.query.values import getter

__all__ = ["MAX_STAGES", "Query", "limit_of"]

MAX_STAGES = 100


class Stage(Protocol):
    """One step of a query."""

    def push(self, items: Sequence[Any]) -> list[Any]:
        """What comes out for some more values."""
        ...

    def finish(self) -> list[Any]:
        """What comes out at the end."""
        ...


class Query:
    """A query that runs once.

    Raises:
        QueryError: it is none; later, a value came that it cannot treat, or too many to hold.
    """

    def __init__(self, query: Json) -> None:
        self._stages: list[Stage] = []
        if isinstance(query, list):
            if len(query) > MAX_STAGES:
                raise QueryError(f"more than {MAX_STAGES} stages")
            maker = Maker(Budget())
            self._stages = [
                _stage(maker, one, (n,)) for n, one in enumerate(query) if is_truthy(one)
            ]

    @property
    def holds(self) -> bool:
        """Whether something may come out at the end that was held back until then."""
        return any(isinstance(stage, _Reduce | _Sort) for stage in self._stages)

    def push(self, items: Sequence[Any]) -> list[Any]:
        """What comes out for some more values."""
        out = list(items)
        for stage in self._stages:
            out = stage.push(out)
        return out

    def finish(self) -> list[Any]:
        """What comes out at the end."""
        out: list[Any] = []
        for stage in self._stages:
            out = stage.push(out) + stage.finish()
        return out


def limit_of(given: Any) -> int | None:
    """How many values come out at most, as pull.take has it; None is no limit.

    Raises:
        QueryError: it is no number.
    """
    if not is_truthy(given):
        return None
    if kind_of(given) != "number":
        raise QueryError("limit must be a number")
    return int(given) if 0 < given < inf and given == int(given) else None


def _stage(maker: Maker, rule: Any, place: Place) -> Stage:
    name = next(iter(rule), None) if isinstance(rule, dict) else None
    if name == "$sort":
        return _Sort(comparer(rule["$sort"], (*place, "$sort")), maker.budget, place)
    if name == "$filter":
        return _Filter(maker.one(rule, place))
    if name == "$map":
        return _Map(maker.one(rule, place))
    if name == "$reduce":
        return _Reduce(maker.make(rule, place))
    known = "a stage begins with $filter, $map, $reduce or $sort"
    raise QueryError(f"unknown function: {name}; {known}" if name else known, place)


_sync_of = getter("sync")


def _is_sync(item: Any) -> bool:
    if type(item) is dict and "sync" not in item:
        return False
    return is_truthy(_sync_of(item))


class _Filter:
    def __init__(self, test: One) -> None:
        self._test = test

    def push(self, items: Sequence[Any]) -> list[Any]:
        test = self._test
        return [
            item
            for item in items
            if _is_sync(item) or (found := test(item)) is True or is_truthy(found)
        ]

    def finish(self) -> list[Any]:
        return []


class _Map:
    def __init__(self, mapped: One) -> None:
        self._mapped = mapped

    def push(self, items: Sequence[Any]) -> list[Any]:
        mapped = self._mapped
        made = (item if _is_sync(item) else mapped(item) for item in items)
        return [item for item in made if is_truthy(item)]

    def finish(self) -> list[Any]:
        return []


class _Reduce:
    def __init__(self, reduce: Reduce | One) -> None:
        self._two: Callable[[Any, Any], Any]
        self._two = reduce.two if isinstance(reduce, Reduce) else lambda kept, _: reduce(kept)
        self._kept: Any = None

    def push(self, items: Sequence[Any]) -> list[Any]:
        for item in items:
            self._kept = self._two(self._kept, item)
        return []

    def finish(self) -> list[Any]:
        """What was kept, made a stream: a list's items, an object's values."""
        match self._kept:
            case list() as kept:
                return kept
            case dict() as kept:
                return list(kept.values())
            case kept:
                return [kept] if kept is not None and kind_of(kept) != "undefined" else []


class _Sort:
    def __init__(self, compare: Callable[[Any, Any], int], budget: Budget, place: Place) -> None:
        self._key = cmp_to_key(compare)
        self._budget = budget
        self._place = place
        self._items: list[Any] = []

    def push(self, items: Sequence[Any]) -> list[Any]:
        self._budget.keep(len(items), self._place)
        self._items += items
        return []

    def finish(self) -> list[Any]:
        return sorted(self._items, key=self._key)
