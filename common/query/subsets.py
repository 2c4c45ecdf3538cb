"""The two languages of subset replication, `ssb-ql-0` and `ssb-ql-1`, as one small tree.

Knows the texts of ssb-subset-ql 1.0 and the names of go-ssb. Knows no index. Called by the handlers of `partialReplication.*`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from common.feed.errors import JsonError
from common.feed.javascript import is_truthy, kind_of
from common.feed.json import Json, compact, parse
from common.query.errors import Place, QueryError
from common.refs import is_feed

__all__ = ["All", "Any_", "By", "Options", "Subset", "read_options", "read_subset"]

MAX_PARTS = 200
MAX_DEPTH = 20
_FIELDS = ("author", "type", "private")


class By(NamedTuple):
    """Messages of an author, of a type, or of both."""

    author: str | None
    type: str | None


class All(NamedTuple):
    """Messages that are in every part."""

    parts: "Sequence[Subset]"


class Any_(NamedTuple):  # noqa: N801  `any` is taken
    """Messages that are in some part."""

    parts: "Sequence[Subset]"


Subset: TypeAlias = By | All | Any_


class Options(NamedTuple):
    """How a subset is given; `limit` None is all of it."""

    descending: bool
    skip: int
    limit: int | None
    keys: bool


def read_subset(query: Json, options: Mapping[str, Any]) -> Subset:
    """The subset that a query means in the language that the options name.

    Raises:
        QueryError: it is none, or asks for what is private.
    """
    language = options.get("querylang")
    if isinstance(query, str) and query:
        try:
            query = parse(query)
        except JsonError as error:
            raise QueryError(f"no JSON: {error}") from error
    if not is_truthy(language) and isinstance(query, dict) and "op" in query:
        language = "ssb-ql-1"  # go-ssb knows no other
    if not is_truthy(language):
        raise QueryError("getSubset() is missing opts.querylang")
    if language == "ssb-ql-0":
        return _first(query)
    if language == "ssb-ql-1":
        return _Second().read(query, ())
    raise QueryError(f"Unknown querylang: {compact(language)}")


def read_options(options: Mapping[str, Any]) -> Options:
    """The options, in the names of the specification and of go-ssb."""
    sizes = (options.get(name) for name in ("pageSize", "pageLimit"))
    limits = [n for n in map(_whole, sizes) if n]
    return Options(
        descending=is_truthy(options.get("descending")),
        skip=_whole(options.get("startFrom")),
        limit=limits[0] if limits else None,
        keys=options.get("keys") is True,
    )


def _whole(value: Any) -> int:
    """A count; nothing below zero, no fraction."""
    if kind_of(value) != "number" or not 0 < value < 2**53:
        return 0
    return int(value)


def _first(query: Json) -> Subset:
    if not isinstance(query, dict):
        raise QueryError("query should be a string or an object")
    if len(query) > len(_FIELDS):
        raise QueryError("query has too many fields")
    for name in _FIELDS:
        if name not in query:
            raise QueryError(f'query is missing the "{name}" field')
    author, kind, private = (query[name] for name in _FIELDS)
    if kind is not None and not isinstance(kind, str):
        raise QueryError('query "type" should be a string or null')
    if not isinstance(private, bool):
        raise QueryError('query "private" should be a boolean')
    if private and kind:
        raise QueryError('if "private" is true, then "type" MUST be null')
    if not is_feed(author):
        raise QueryError("query.author should be a valid SSB feed ID")
    if private:
        raise QueryError(f"getSubset does not support private query: {compact(query)}")
    return By(author, kind)


class _Second:
    def __init__(self) -> None:
        self._parts = 0

    def read(self, query: Json, place: Place) -> Subset:
        self._parts += 1
        if self._parts > MAX_PARTS or len(place) > 2 * MAX_DEPTH:
            raise QueryError("too many operations", place[:MAX_DEPTH])
        if not isinstance(query, dict):
            raise QueryError("query should be a string or an object", place)
        operation = query.get("op")
        if operation in ("and", "or"):
            given = query.get("args")
            if not isinstance(given, list):
                raise QueryError('"args" field must be an array', place)
            parts = [self.read(one, (*place, "args", n)) for n, one in enumerate(given)]
            return _both(parts) if operation == "and" else Any_(parts)
        if operation == "type":
            kind = query.get("string")
            if not isinstance(kind, str):
                raise QueryError('"type" in the query must have a "string" field', place)
            return By(None, kind)
        if operation == "author":
            author = query.get("feed")
            if not is_feed(author):
                raise QueryError('"author" in the query must have a "feed" field', place)
            return By(author, None)
        if operation is None:
            raise QueryError('query is missing "op" field', place)
        raise QueryError(f'Unknown "op" field: {compact(operation)}', place)


def _both(parts: Sequence[Subset]) -> Subset:
    """All of the parts; an author and a type among them are one part, for which there is an index."""
    author = next((one for one in parts if isinstance(one, By) and one.type is None), None)
    kind = next((one for one in parts if isinstance(one, By) and one.author is None), None)
    if author is None or kind is None:
        return All(parts)
    rest = [one for one in parts if one is not author and one is not kind]
    both = By(author.author, kind.type)
    return All([both, *rest]) if rest else both
