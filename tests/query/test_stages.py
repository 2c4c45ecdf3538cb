"""What a user of the language sees beyond the vectors: errors with their place, and limits."""

from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.query import limits, order
from common.query.errors import QueryError
from common.query.stages import Query, limit_of


def _run(query: Any, *items: Any) -> list[Any]:
    made = Query(query)
    return made.push(items) + made.finish()


def test_stages_filter_map_and_count_by_group() -> None:
    query = [
        {"$filter": {"value": {"content": {"type": {"$prefix": "p"}}}}},
        {"$map": {"type": ["value", "content", "type"], "n": ["value", "sequence"]}},
        {"$reduce": {"type": "type", "count": {"$count": True}, "last": {"$max": "n"}}},
        {"$sort": [["count"]]},
    ]
    items = [
        {"value": {"content": {"type": kind}, "sequence": n}}
        for n, kind in enumerate(["post", "vote", "pub", "post"])
    ]
    assert _run(query, *items) == [
        {"type": "pub", "count": 1, "last": 2},
        {"type": "post", "count": 2, "last": 3},
    ]


def test_a_query_that_holds_something_back_says_so() -> None:
    assert not Query([{"$filter": {"a": 1}}, {"$map": "a"}]).holds
    assert Query([{"$filter": {"a": 1}}, {"$reduce": {"$count": True}}]).holds
    assert Query([{"$sort": ["a"]}]).holds
    assert not Query({"no": "stages"}).holds


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ([{"$filter": {"a": {"$in": 7}}}], "query[0].$filter.a.$in: needs a list"),
        ([{"$map": {"a": ["b", {"c": 1}]}}], "query[0].$map.a[1]: could not process it"),
        ([{"$nothing": 1}], "query[0]: unknown function: $nothing"),
        ([{"$filter": {}}, 7], "query[1]: a stage begins with"),
        ([{"$sort": None}], "query[0].$sort: needs a list of paths"),
    ],
)
def test_an_invalid_query_gets_reason_and_place(query: Any, text: str) -> None:
    with pytest.raises(QueryError) as caught:
        Query(query)
    assert str(caught.value).startswith(text)


def test_a_value_that_a_query_cannot_treat_ends_it() -> None:
    with pytest.raises(QueryError, match=r"query\[0\].*cannot read '0' of null"):
        _run([{"$map": ["a", 0]}], {"a": None})
    with pytest.raises(QueryError, match="objects have no order"):
        _run([{"$sort": [["a"]]}], {"a": {}}, {"a": {}})


def _deep(levels: int) -> Any:
    rule: Any = 1
    for _ in range(levels):
        rule = {"a": rule}
    return [{"$filter": rule}]


def test_depth_and_size_of_a_query_are_limited() -> None:
    Query(_deep(limits.MAX_DEPTH - 4))
    with pytest.raises(QueryError, match="nested deeper"):
        Query(_deep(2000))
    with pytest.raises(QueryError, match="more than 10000 rules"):
        Query([{"$map": ["a"] * 10_001}])
    with pytest.raises(QueryError, match="more than 100 stages"):
        Query([{"$map": True}] * 101)


@pytest.mark.parametrize(
    "query", [[{"$sort": [["a"]]}], [{"$reduce": {"$collect": True}}], [{"$reduce": {"a": "a"}}]]
)
def test_what_is_held_until_the_end_is_limited(query: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_KEPT", 3)
    items = [{"a": n} for n in range(4)]
    assert _run(query, *items[:3])
    with pytest.raises(QueryError, match="holds more than 3 values"):
        _run(query, *items)


def test_limits_count_as_take_counts() -> None:
    assert [limit_of(x) for x in (None, 0, 3, -1, 2.5)] == [None, None, 3, None, None]
    with pytest.raises(QueryError, match="limit must be a number"):
        limit_of("3")


@given(st.lists(st.sampled_from(["a", "b", "B", "10", "9", "é", "", "zz", 3, 3.5, None, True])))
def test_groups_stand_in_the_order_of_their_keys_whatever_comes_first(kinds: list[Any]) -> None:
    query = [{"$reduce": {"kind": "kind", "n": {"$count": True}, "all": {"$collect": "at"}}}]
    found = _run(query, *[{"kind": kind, "at": at} for at, kind in enumerate(kinds)])
    assert [one["kind"] for one in found] == sorted({*kinds}, key=cmp_to_key(order.compare))
    for one in found:
        assert one["n"] == len(one["all"]) == kinds.count(one["kind"])
        assert [kinds[at] for at in one["all"]] == [one["kind"]] * one["n"]
