"""Options of query.*, as JSON and as text, and what explain answers."""

import pytest

from common.query.errors import QueryError
from common.query.request import explained, read_request

POSTS = {"$filter": {"value": {"content": {"type": "post"}}, "timestamp": {"$gt": 5}}}


def test_a_query_may_be_a_text() -> None:
    text = '[{"$filter":{"value":{"content":{"type":"post"}},"timestamp":{"$gt":5}}}]'
    asked = [read_request([given]) for given in ({"query": [POSTS]}, {"query": text}, text)]
    assert asked[0] == asked[1] == asked[2]
    with pytest.raises(QueryError, match="no JSON"):
        read_request([{"query": "[{"}])


def test_explain_names_the_index_and_its_bounds() -> None:
    assert explained(read_request([{"query": [POSTS], "reverse": True}])) == {
        "gte": ["post", 5],
        "lte": ["post", None],
        "reverse": True,
        "old": True,
        "live": False,
        "index": "typ",
        "scores": {"log": 1, "typ": 5, "tya": 2},
    }
    assert explained(read_request([{"old": False}])) == {
        "scan": True,
        "reverse": False,
        "live": True,
        "old": False,
        "sync": False,
    }


@pytest.mark.parametrize("query", [[], [None], [{"$filter": {"value": None}}]])
def test_nothing_to_choose_by_is_an_error(query: object) -> None:
    with pytest.raises(QueryError):
        explained(read_request([{"query": query}]))
