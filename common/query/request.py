"""What a client asks of `query.*`, `links2.*` and `backlinks.*`: the options, and what `explain` says of them.

Options are those of flumeview-query: `query` as JSON or as a text of it, `limit`, `reverse`, `live`, `old`,
`sync`. Called by the handlers.
"""

from typing import Any, NamedTuple

from common.feed.errors import JsonError
from common.feed.javascript import UNDEFINED, is_truthy
from common.feed.json import Json, compact, parse
from common.query import choice, indexes
from common.query.choice import Index, Scoring
from common.query.errors import QueryError
from common.query.stages import limit_of
from common.query.values import clean

__all__ = ["Request", "Span", "explained", "read_request", "span_of"]


class Request(NamedTuple):
    """The options in force; `query` is UNDEFINED where there is none."""

    query: Any
    given_limit: Any
    reverse: bool
    live: bool
    old: bool
    sync: Any

    @property
    def limit(self) -> int | None:
        """How many items at most; None is no limit.

        Raises:
            QueryError: it is no number.
        """
        return limit_of(self.given_limit)


class Span(NamedTuple):
    """The part of an index that answers a query: from and to, both included; no index means all messages."""

    chosen: Index | None
    gte: list[Any]
    lte: list[Any]
    scores: dict[str, int]


def read_request(args: list[Any], *, texts: bool = True) -> Request:
    """The options of the first argument, which may be a query as a text instead.

    Without `texts` a text is left as it is, which is no list of stages (ssb-backlinks).

    Raises:
        QueryError: a text is no JSON.
    """
    given = args[0] if args else None
    if texts and isinstance(given, str) and given:
        given = {"query": given}
    options = given if isinstance(given, dict) else {}
    query = options.get("query", UNDEFINED)
    if isinstance(query, str):
        query = _parsed(query) if texts else query
    live, old = options.get("live") is True, options.get("old") is not False
    return Request(
        query=query,
        given_limit=options.get("limit"),
        # a list has a member `reverse` of its own in JavaScript
        reverse=is_truthy(options.get("reverse")) or isinstance(given, list),
        live=live or not old,
        old=old,
        sync=options.get("sync", UNDEFINED),
    )


def span_of(known: tuple[Index, ...], query: Any, scoring: Scoring) -> Span:
    """The index that answers a query, and from where to where.

    Raises:
        QueryError: there is nothing to choose by.
    """
    found = choice.plan(known, query, scoring)
    if found.chosen is None:
        sort = choice.parts_of(query)[1]
        if scoring == choice.LINKS and is_truthy(sort):
            raise QueryError(f"could not sort by:{compact(clean(sort))}")
        return Span(None, [], [], found.scores)
    gte, lte = choice.bounds_of(found.chosen, query, scoring)
    return Span(found.chosen, gte, lte, found.scores)


def explained(request: Request) -> dict[str, Any]:
    """What `query.explain` answers.

    Raises:
        QueryError: there is nothing to choose by.
    """
    span = span_of(indexes.QUERY, request.query, choice.QUERY)
    if span.chosen is None:
        return {
            "scan": True,
            "reverse": request.reverse,
            "live": request.live,
            "old": request.old,
            "sync": is_truthy(request.sync),
        }
    answer: dict[str, Any] = clean(
        {
            "gte": span.gte,
            "lte": span.lte,
            "reverse": request.reverse,
            "old": request.old,
            "live": request.live,
            "sync": request.sync,
            "index": span.chosen.name,
            "scores": span.scores,
        }
    )
    return answer


def _parsed(text: str) -> Json:
    try:
        return parse(text)
    except JsonError as error:
        raise QueryError(f"no JSON: {error}") from error
