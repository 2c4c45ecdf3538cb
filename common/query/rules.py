"""The rules of map-filter-reduce 3.2.2, each made one function of a value: paths, tests, maps.

A rule is a name or number (a member), `true` (the value itself), a list (one rule after the other), or an
object with `$` names. `make` decides in the order of make.js, because a rule that fits twice counts as what
is asked first: tests (`$lt`, ... joined by `&&`), then reduces, then `$filter`, `$map`, `$reduce`.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from common.feed.javascript import MISSING, UNDEFINED, is_truthy, kind_of, number_of, same, text_of
from common.query import reduces
from common.query.errors import Place, QueryError
from common.query.limits import Budget
from common.query.values import compare, getter, length_of, remainder, starts_with

__all__ = ["Maker", "One", "is_special"]

One: TypeAlias = Callable[[Any], Any]
"""A rule of one value."""
_NUMBERS = (int, float)
_Tests: TypeAlias = Mapping[str, Callable[[Any, Place], One]]


def is_special(rule: Any) -> bool:
    """Whether a rule is an operator rather than an object of rules."""
    return isinstance(rule, dict) and any(name.startswith("$") for name in rule)


class Maker:
    """Makes the functions of one query, within one budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget

    def make(self, rule: Any, place: Place) -> One | reduces.Reduce:
        """The function of a rule.

        Raises:
            QueryError: it is none.
        """
        self.budget.enter(place)
        if rule is True:
            return lambda value: value
        if isinstance(rule, str):
            return _by_name(rule)
        if _is_integer(rule):
            return _by_number(rule, place)
        if isinstance(rule, list):
            return self._composed(rule, place)
        if isinstance(rule, dict):
            found = self._tests(rule, place) or self._reduce(rule, place)
            found = found or self._special(rule, place)
            if found:
                return found
        raise QueryError("could not process it: no rule", place)

    def one(self, rule: Any, place: Place) -> One:
        """The function of a rule where it gets one value only; a reduce then gets that as what was before."""
        return _as_one(self.make(rule, place))

    def filter(self, rule: Any, place: Place) -> One:
        """The test of a `$filter`."""
        if isinstance(rule, dict | list) and not is_special(rule):
            self.budget.enter(place)
            return self._members(rule, place)
        if rule is None or isinstance(rule, str | bool | int | float):
            return _literal(rule)
        return self.one(rule, place)

    def map(self, rule: Any, place: Place) -> One:
        """The function of a `$map`: an object of rules gives an object."""
        if not isinstance(rule, dict) or is_special(rule):
            return self.one(rule, place)
        self.budget.enter(place)
        gets = [(name, self._kept(name, one, (*place, name))) for name, one in rule.items()]

        def mapped(value: Any) -> Any:
            if value in MISSING or not gets:
                return UNDEFINED
            return {name: get(value) for name, get in gets}

        return mapped

    def _kept(self, name: str, rule: Any, place: Place) -> One:
        if rule is not True:
            return self.map(rule, place)
        get = getter(name, place)
        return lambda value: get(value) if is_truthy(value) else value

    def _members(self, rule: dict[str, Any] | list[Any], place: Place) -> One:
        pairs: Iterable[tuple[str | int, Any]]
        pairs = rule.items() if isinstance(rule, dict) else enumerate(rule)
        tests = [
            (str(name), getter(name, (*place, name)), self.filter(one, (*place, name)))
            for name, one in pairs
        ]

        def test(value: Any) -> bool:
            if value is None or value is UNDEFINED:
                return False
            is_object = type(value) is dict  # what all but hostile ones are: worth a short way
            for name, get, check in tests:
                found = check(value.get(name, UNDEFINED) if is_object else get(value))
                if found is not True and not is_truthy(found):
                    return False
            return True

        return test

    def _composed(self, rule: list[Any], place: Place) -> One:
        steps = [self.one(one, (*place, n)) for n, one in enumerate(rule)]
        if all(isinstance(one, str) for one in rule):
            return _by_names(rule)

        def composed(value: Any) -> Any:
            for step in steps:
                value = step(value)
            return value

        return composed

    def _tests(self, rule: dict[str, Any], place: Place) -> One | None:
        tests = [
            _TESTS[name](argument, (*place, name))
            for name, argument in rule.items()
            if name in _TESTS
        ]
        if len(tests) < 2:
            return tests[0] if tests else None

        def every(value: Any) -> Any:
            result: Any = None
            for test in tests:
                result = test(value)
                if not is_truthy(result):
                    break
            return result

        return every

    def _reduce(self, rule: dict[str, Any], place: Place) -> reduces.Reduce | None:
        for name, argument in rule.items():
            if name in reduces.REDUCES:
                get = self.one(argument, (*place, name))
                return reduces.named(name, get, lambda n: self.budget.keep(n, place))
        return None

    def _special(self, rule: dict[str, Any], place: Place) -> One | reduces.Reduce | None:
        for name, argument in rule.items():
            where = (*place, name)
            if name == "$filter":
                return self.filter(argument, where)
            if name == "$map":
                return self.map(argument, where)
            if name == "$reduce":
                return self._grouped(argument, where)
        return None

    def _grouped(self, rule: Any, place: Place) -> reduces.Reduce:
        groups: list[reduces.Key] = []
        reduce = self._reduction(rule, place, (), groups)
        if not groups:
            return reduce
        if not groups[0].path:  # no object: the group itself is what is kept of nothing
            alone = groups[0].get
            reduce = reduces.Reduce(lambda kept, _: alone(kept))
        return reduces.grouped(groups, reduce, lambda: self.budget.keep(1, place), place)

    def _reduction(
        self, rule: Any, place: Place, path: tuple[str, ...], groups: list[reduces.Key]
    ) -> reduces.Reduce:
        if isinstance(rule, dict) and not is_special(rule):
            self.budget.enter(place)
            parts = {
                name: self._reduction(one, (*place, name), (*path, name), groups)
                for name, one in rule.items()
            }
            return reduces.of_object(parts)
        made = self.make(rule, place)
        if isinstance(made, reduces.Reduce):
            return made
        groups.append(reduces.Key(path, made))
        return reduces.Reduce(lambda _, item: made(item), reduces.unchanged)


def _as_one(made: One | reduces.Reduce) -> One:
    return made.alone if isinstance(made, reduces.Reduce) else made


def _is_integer(rule: Any) -> bool:
    if isinstance(rule, bool):
        return False
    return isinstance(rule, int) or (isinstance(rule, float) and rule.is_integer())


def _by_name(name: str) -> One:
    get = getter(name)
    return lambda value: UNDEFINED if value in MISSING else get(value)


def _by_names(names: list[str]) -> One:
    gets = [(name, getter(name)) for name in names]

    def path(value: Any) -> Any:
        for name, get in gets:
            if type(value) is dict:
                value = value.get(name, UNDEFINED)
            elif value is None or value is UNDEFINED:
                return UNDEFINED
            else:
                value = get(value)
        return value

    return path


def _by_number(index: float, place: Place) -> One:
    if index >= 0:
        return getter(index, place)
    length = getter("length", place)

    def from_end(value: Any) -> Any:
        return getter(number_of(length(value)) + index, place)(value)

    return from_end


def _literal(wanted: Any) -> One:
    if isinstance(wanted, str):
        return lambda value: value == wanted
    return lambda value: same(value, wanted)


def _ordering(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Place], One]:
    def make(argument: Any, _: Place) -> One:
        is_number = type(argument) in _NUMBERS

        def test(value: Any) -> bool:
            if is_number and type(value) in _NUMBERS:
                return holds(value, argument)
            found = compare(value, argument)
            return found is not None and holds(found, 0)

        return test

    return make


def _equal(argument: Any, _: Place) -> One:
    return lambda value: same(value, argument)


def _unequal(argument: Any, _: Place) -> One:
    return lambda value: not same(value, argument)


def _prefix(argument: Any, place: Place) -> One:
    if argument is None:
        raise QueryError("needs a text or a list", place)
    return lambda value: starts_with(value, argument)


def _in(argument: Any, place: Place) -> One:
    """`~list.indexOf(value)`, a number: -1 for the first one, 0 for none."""
    if isinstance(argument, str):
        return lambda value: ~_find(argument, text_of(value))
    if not isinstance(argument, list):
        raise QueryError("needs a list", place)
    places: dict[tuple[str, Any], int] = {}
    for n, one in enumerate(argument):
        if not isinstance(one, dict | list):
            places.setdefault((kind_of(one), one), n)

    def test(value: Any) -> int:
        if isinstance(value, dict | list):
            return 0
        return ~places.get((kind_of(value), value), -1)

    return test


def _find(text: str, part: str) -> int:
    at = text.find(part)
    return at if at < 1 else length_of(text[:at])


def _get(argument: Any, place: Place) -> One:
    if isinstance(argument, str):
        return getter(argument, place)
    if argument is True:
        return lambda value: value
    if not isinstance(argument, list):
        return lambda _: UNDEFINED
    names = [one if _is_integer(one) else text_of(one) for one in argument]
    gets = [getter(name, (*place, n)) for n, name in enumerate(names)]

    def path(value: Any) -> Any:
        for get in gets:
            if value in MISSING:
                return UNDEFINED
            value = get(value)
        return value

    return path


_TESTS: _Tests = {
    "$lt": _ordering(lt),
    "$gt": _ordering(gt),
    "$lte": _ordering(le),
    "$gte": _ordering(ge),
    "$eq": _equal,
    "$ne": _unequal,
    "$not": lambda _argument, _place: lambda value: not is_truthy(value),
    "$truthy": lambda _argument, _place: is_truthy,
    "$prefix": _prefix,
    "$is": lambda argument, _place: lambda value: kind_of(value) == argument,
    "$in": _in,
    "$type": lambda _argument, _place: kind_of,
    "$int": lambda _argument, _place: _is_integer,
    "$mod": lambda argument, _place: lambda value: remainder(value, argument),
    "$get": _get,
}
