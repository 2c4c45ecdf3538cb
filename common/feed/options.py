"""The options of streams as clients of ssb-db write them: checked with its texts, read with its oddities.

Keeps the texts of ssb-db 20.4.1 (`lib/validators.js` over muxrpc-validation), because clients show and compare
them, and the order that charwise gives to strange bounds. Knows no stream. `storage` and `indexing` call it.
"""

from collections.abc import Mapping
from math import inf
from typing import Any

from common.feed.items import OptionError, StreamOptions, read_options
from common.feed.javascript import is_number, is_truthy

__all__ = ["MAX_SAFE", "check", "read"]

MAX_SAFE = 2**53
_SIDES = {"gte": {"gt", "gte"}, "lte": {"lt", "lte"}}
_SWITCHES = ("live", "old", "keys", "values", "sync", "private")
_FLAGS = ("live", "reverse", "keys", "values")


def check(given: Any, name: str) -> None:
    """Refuse what ssb-db's validator `name` refuses.

    Raises:
        OptionError: with the text of the reference.
    """
    if isinstance(given, list):
        raise _attribute("reverse", "boolean")  # an array's own `reverse` is a function
    if not isinstance(given, dict):
        raise OptionError(f"Param 0 must by of type {name}")
    for flag in _FLAGS:
        value = given.get(flag)
        if is_truthy(value) and not isinstance(value, bool | int | float):
            raise _attribute(flag, "boolean")
    limit = given.get("limit")
    if is_truthy(limit) and not is_number(limit):
        raise _attribute("limit", "number")


def read(given: Mapping[str, Any], others: Mapping[str, str] | None = None) -> StreamOptions:
    """The options in force; bounds become numbers, and `others` names further bounds: name to gte or lte."""
    limit = given.get("limit")
    n = int(limit) if is_number(limit) and abs(limit) < MAX_SAFE else -1
    options = {name: given.get(name) for name in _SWITCHES}
    options |= {"limit": n, "reverse": is_truthy(given.get("reverse"))}
    return read_options(options | _bounds(given, others or {}))


def _bounds(given: Mapping[str, Any], others: Mapping[str, str]) -> dict[str, float]:
    """The bounds in force: of two of one side the narrower; `others` count where there is none."""
    found = {name: _order(given[name]) for name in ("gt", "gte", "lt", "lte") if name in given}
    for name, bound in others.items():
        if name in given and not found.keys() & _SIDES[bound]:
            found[bound] = _order(given[name])
    if "gt" in found and "gte" in found:
        del found["gte" if found["gt"] >= found["gte"] else "gt"]
    if "lt" in found and "lte" in found:
        del found["lte" if found["lt"] <= found["lte"] else "lt"]
    return found


def _order(value: Any) -> float:
    """Where a value stands among numbers in charwise's order: null and booleans below, the rest above."""
    if value is None or isinstance(value, bool):
        return -inf
    return value if isinstance(value, int | float) else inf


def _attribute(name: str, kind: str) -> OptionError:
    return OptionError(f'.0 of param {name} must be of type "{kind}"')
