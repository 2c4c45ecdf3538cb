"""Whatever a client sends as a query, over whatever messages hold: an answer or a QueryError, nothing else."""

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from common.query import choice, indexes
from common.query.backlinks import destinations
from common.query.errors import QueryError
from common.query.links2 import links_of
from common.query.request import explained, read_request, span_of
from common.query.stages import Query
from common.query.subsets import read_options, read_subset
from common.query.values import clean

WORDS = [
    *("$filter", "$map", "$reduce", "$sort", "$reverse", "$lt", "$gte", "$eq", "$not", "$prefix"),
    *("$is", "$in", "$type", "$mod", "$get", "$count", "$sum", "$max", "$collect", "length"),
    *("value", "content", "type", "author", "root", "op", "args", "and", "feed", "channel"),
    *("0", "", "\ud800", "x", "link", "mentions", "vote", "sync", "querylang", "ssb-ql-1"),
]
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, -1, 2**53, 1e308, 1e-320])
BASIC = st.none() | st.booleans() | NUMBERS | st.sampled_from(WORDS) | st.text(max_size=5)
JSON = st.recursive(
    BASIC,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=15,
)
STAGES = st.lists(
    st.sampled_from(["$filter", "$map", "$reduce", "$sort"]).flatmap(
        lambda name: JSON.map(lambda rule: {name: rule})
    ),
    max_size=4,
)


@given(JSON | STAGES, st.lists(JSON, max_size=5))
def test_any_query_over_anything(query: Any, items: list[Any]) -> None:
    with suppress(QueryError):
        made = Query(query)
        out = made.push(items) + made.finish()
        clean(out)


@given(JSON)
def test_any_options(given: Any) -> None:
    with suppress(QueryError):
        request = read_request([given])
        assert isinstance(explained(request), dict)
        _ = request.limit
        for known in (indexes.LINKS2, indexes.BACKLINKS):
            span_of(known, request.query, choice.LINKS)


@given(JSON, st.dictionaries(st.sampled_from(WORDS), JSON, max_size=3))
def test_any_subset(query: Any, options: dict[str, Any]) -> None:
    read_options(options)
    with suppress(QueryError):
        read_subset(query, options)


@given(JSON)
def test_any_content_has_links_or_none(content: Any) -> None:
    destinations(content)
    list(links_of({"author": "@a", "content": content}, 1))
