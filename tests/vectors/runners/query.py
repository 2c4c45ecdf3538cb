"""query/: map-filter-reduce, the choice of an index and the order of its keys, as the npm packages have them."""

from typing import Any

from common.feed.json import compact
from common.query import choice, indexes
from common.query.backlinks import destinations, resolved_time
from common.query.errors import QueryError
from common.query.keys import key_of
from common.query.links2 import links_of
from common.query.request import explained, read_request, span_of
from common.query.stages import Query
from common.query.values import clean
from tests.vectors.cases import each_case
from tests.vectors.registry import Runner

_LINKS = {"links2": indexes.LINKS2, "backlinks": indexes.BACKLINKS}


def _language(case: dict[str, Any]) -> None:
    def out() -> list[Any]:
        query = Query(case["query"])
        return query.push(case["items"]) + query.finish()

    _hold(case, out)


def _choice(case: dict[str, Any]) -> None:
    def out() -> dict[str, Any]:
        known = _LINKS.get(case["indexes"])
        if known is None:
            return explained(read_request([case["opts"]]))
        span = span_of(known, case["opts"]["query"], choice.LINKS)
        if span.chosen is None:
            return {"scan": True}
        # flumeview-links puts the name before and an open end behind
        return {
            "index": span.chosen.name,
            "gte": [span.chosen.name, *span.gte, None],
            "lte": [span.chosen.name, *span.lte, None],
        }

    _hold(case, out)


def _order(case: dict[str, Any]) -> None:
    keys = [key_of(key) for key in case["keys"]]
    assert [sum(other < key for other in keys) for key in keys] == case["ranks"]


def _links(case: dict[str, Any]) -> None:
    message = case["message"]
    rts = resolved_time(message["value"]["timestamp"], message["timestamp"])
    backlinks = [{"dest": dest, "rts": rts} for dest in destinations(message["value"]["content"])]
    assert clean(list(links_of(message["value"], message["timestamp"]))) == case["links2"]
    assert clean(backlinks) == case["backlinks"]


def _hold(case: dict[str, Any], out: Any) -> None:
    if "error" in case:
        try:
            got = out()
        except QueryError:
            return
        raise AssertionError(f"no error: {got}")
    assert compact(_sorted(clean(out()))) == compact(_sorted(case["out"]))


def _sorted(value: Any) -> Any:
    """Objects with their members in one order: JSON has none."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


RUNNERS: dict[str, Runner] = {
    "query/generated-language.json": each_case(_language),
    "query/generated-choice.json": each_case(_choice),
    "query/generated-links.json": each_case(_links),
    "query/generated-order.json": each_case(_order),
}
