"""Which index answers a query, and from where to where (flumeview-query 8.0, flumeview-links 1.0).

An index is a name and the fields that its rows are sorted by. It scores by how its fields, from the left, are
asked for: equal, or within a range. Knows no rows. Called by the shells that answer `query.*`, `links2.*`, `backlinks.*`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from common.feed.javascript import UNDEFINED, is_truthy
from common.query.errors import QueryError
from common.query.values import getter

__all__ = [
    "LINKS",
    "QUERY",
    "Field",
    "Index",
    "Plan",
    "Scoring",
    "at",
    "bounds_of",
    "has",
    "parts_of",
    "plan",
    "without_sort",
]

Field: TypeAlias = str | tuple[str, ...]
"""A member, or the way to one."""
_LOW, _HIGH = None, UNDEFINED
_RANGES = ("$lt", "$gt", "$lte", "$gte")
_LOWEST: Mapping[str, Any] = {"string": "", "boolean": False, "array": []}
_HIGHEST: Mapping[str, Any] = {"string": [], "boolean": True}
_TYPES: Mapping[str, Any] = {"undefined": UNDEFINED, "null": None, "array": UNDEFINED}
_KNOWN = ("string", "boolean", "array", "undefined", "null")


class Index(NamedTuple):
    """An index of rows: its name, and what they are sorted by."""

    name: str
    fields: tuple[Field, ...]


class Scoring(NamedTuple):
    """Points for a field that is asked for: equal, within a range, otherwise."""

    equal: int
    range: int
    other: int


QUERY = Scoring(2, 1, 0)
LINKS = Scoring(3, 2, 1)


class Plan(NamedTuple):
    """The index to read (None: everything is read), and how each scored."""

    chosen: Index | None
    scores: dict[str, int]


def plan(indexes: Sequence[Index], query: Any, scoring: Scoring) -> Plan:
    """The index for a query: a list of stages, an object that stands for a filter, or nothing.

    Raises:
        QueryError: there is nothing to choose by.
    """
    wanted, sort = parts_of(query)
    if is_truthy(sort):
        found = next((index for index in indexes if _spelled(index) == sort), None)
        return Plan(found, {})
    scores: dict[str, int] = {}
    best, most = None, 0
    for index in indexes:
        score = _score(index, wanted, scoring, scores)
        if score > most:
            best, most = index, score
    return Plan(best, scores)


def parts_of(query: Any) -> tuple[Any, Any]:
    """What the rows are chosen by, and the paths of a `$sort` in the last stage (UNDEFINED without one).

    Raises:
        QueryError: the first or the last stage is none.
    """
    if not isinstance(query, list):
        return (query if is_truthy(query) else {}), UNDEFINED
    if not query:
        raise QueryError("a list of stages has at least one")
    for n in (0, len(query) - 1):
        if query[n] is None:
            raise QueryError("no stage", (n,))
    first = getter("$filter")(query[0])
    return (first if is_truthy(first) else {}), getter("$sort")(query[-1])


def without_sort(query: Any) -> Any:
    """The stages that are left where the order of an index stands for the `$sort` in the last one."""
    if isinstance(query, list) and is_truthy(parts_of(query)[1]):
        return query[:-1]
    return query


def bounds_of(index: Index, query: Any, scoring: Scoring) -> tuple[list[Any], list[Any]]:
    """The least and the greatest values of the index's fields that are asked for."""
    wanted, _ = parts_of(query)
    values = [at(field, wanted) for field in index.fields]
    open_ended = scoring.other == 0
    return (
        [_bound(value, _lower, _LOW, open_ended=open_ended) for value in values],
        [_bound(value, _upper, _HIGH, open_ended=open_ended) for value in values],
    )


def at(field: Field, value: Any) -> Any:
    """The value of a field, as far as one gets: what is false on the way is what is found."""
    if isinstance(field, str):
        return getter(field)(value)
    for name in field:
        value = getter(name)(value)
        if not is_truthy(value):
            return value
    return value


def has(field: Field, value: Any) -> bool:
    """Whether a value has a field of its own.

    Raises:
        QueryError: null stands on the way.
    """
    for name in (field,) if isinstance(field, str) else field:
        if value is None:
            raise QueryError(f"there is no {name!r} in null", ("$filter",))
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def _spelled(index: Index) -> list[Any]:
    return [field if isinstance(field, str) else list(field) for field in index.fields]


def _score(index: Index, query: Any, scoring: Scoring, scores: dict[str, int]) -> int:
    score = 0
    for field in index.fields:
        points = 0
        if has(field, query):
            value = at(field, query)
            points = scoring.other
            if _is_exact(value):
                points = scoring.equal
            elif _is_range(value):
                points = scoring.range
        if not points:
            break
        score = score * score + points
        scores[index.name] = score
    return score


def _bound(value: Any, side: Callable[[Any], Any], default: Any, *, open_ended: bool) -> Any:
    if value is None or value is UNDEFINED:
        return default
    if _is_range(value):
        return side(value)
    return default if open_ended and not _is_exact(value) else value


def _is_basic(value: Any) -> bool:
    return value is None or value is UNDEFINED or isinstance(value, str | bool | int | float)


def _is_exact(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_exact, value))
    return _is_basic(value) or "$eq" in value


def _is_range(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_range, value))
    if not isinstance(value, dict):
        return False
    kind = value.get("$is")
    return (
        is_truthy(value.get("$prefix"))
        or (isinstance(kind, str) and kind in _KNOWN)
        or any(name in value for name in _RANGES)
    )


def _lower(value: Any) -> Any:
    if _is_basic(value):
        return value
    if isinstance(value, list):
        return [_lower(one) for one in value]
    prefix = value.get("$prefix")
    if isinstance(prefix, list):
        return [*prefix, _HIGH]
    if isinstance(prefix, str):
        return prefix
    for name in ("$gt", "$gte"):
        if name in value:
            return value[name]
    if "$lt" in value or "$lte" in value:
        return _LOW
    return _by_kind(value, _LOWEST)


def _upper(value: Any) -> Any:
    if _is_basic(value):
        return value
    if isinstance(value, list):
        return [_upper(one) for one in value]
    prefix = value.get("$prefix")
    if isinstance(prefix, list):
        return [*prefix, _LOW]
    if isinstance(prefix, str):
        return prefix + "\uffff"
    for name in ("$lt", "$lte"):
        if name in value:
            return value[name]
    if "$gt" in value or "$gte" in value:
        return _HIGH
    return _by_kind(value, _HIGHEST)


def _by_kind(value: dict[str, Any], bounds: Mapping[str, Any]) -> Any:
    kind = value.get("$is")
    if not isinstance(kind, str):
        return UNDEFINED
    return bounds[kind] if kind in bounds else _TYPES.get(kind, UNDEFINED)
