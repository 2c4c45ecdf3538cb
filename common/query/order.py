"""The order of values of different kinds: that of typewiselite 1.0, in which groups and `$sort` stand.

Null, booleans, numbers, texts, lists, undefined. Objects have no place in it.
"""

from collections.abc import Callable
from typing import Any

from common.feed.javascript import MISSING, UNDEFINED, is_truthy, kind_of, same
from common.query import values
from common.query.errors import Place, QueryError
from common.query.values import member

__all__ = ["compare", "comparer"]


def compare(one: Any, other: Any, place: Place = ()) -> int:
    """Below 0, 0 or above.

    Raises:
        QueryError: one of them is an object.
    """
    if type(one) is str and type(other) is str and one.isascii() and other.isascii():
        return (one > other) - (one < other)
    kind, its = _kind(one, place), _kind(other, place)
    if kind != its:
        return -1 if kind < its else 1
    if isinstance(one, list):
        for mine, theirs in zip(one, other, strict=False):
            if found := compare(mine, theirs, place):
                return found
        return (len(one) > len(other)) - (len(one) < len(other))
    if same(one, other):
        return 0
    return -1 if (values.compare(one, other) or 0) < 0 else 1


def comparer(paths: Any, place: Place) -> Callable[[Any, Any], int]:
    """What `$sort` compares by: compare-at-paths 1.0; after a first `$reverse` all is reversed, as there.

    Raises:
        QueryError: a path is none.
    """
    if paths is None:
        raise QueryError("needs a list of paths", place)
    if isinstance(paths, str):
        paths = list(paths)  # JavaScript counts a text's letters
    elif not isinstance(paths, list):
        paths = []
    ways = [_path(path, (*place, n)) for n, path in enumerate(paths)]

    def by_paths(one: Any, other: Any) -> int:
        sign = 1
        for path, reverse in ways:
            sign = -1 if reverse else sign
            found = compare(_at(one, path), _at(other, path), place)
            if found:
                return found * sign
        return 0

    return by_paths


def _path(path: Any, place: Place) -> tuple[Any, bool]:
    reverse = isinstance(path, dict) and is_truthy(path.get("$reverse"))
    if reverse:
        path = path["$reverse"]
    parts = path if isinstance(path, list) else [path]
    if not all(isinstance(p, str) or kind_of(p) == "number" for p in parts):
        raise QueryError("a path is made of names and numbers", place)
    return path, reverse


def _at(value: Any, path: Any) -> Any:
    if not isinstance(value, dict | list):
        return UNDEFINED
    if not isinstance(path, list):
        return member(value, path)
    for part in path:
        value = member(value, part)
        if value in MISSING:
            return UNDEFINED
    return value


def _kind(value: Any, place: Place) -> int:
    if value is None:
        return 0
    if isinstance(value, dict):
        raise QueryError("objects have no order", place)
    if isinstance(value, list):
        return 6
    return {"boolean": 1, "number": 2, "string": 4, "undefined": 7}[kind_of(value)]
