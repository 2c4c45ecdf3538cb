"""What a filter demands of a message's content: what passes it has that, and nothing is demanded that it does not."""

from typing import Any

import pytest

from common.query import choice, indexes
from common.query.backlinks import destinations
from common.query.needed import is_met, needed
from common.query.request import span_of
from common.query.stages import Query
from common.refs import blob_id, feed_id, message_id

FEED, MESSAGE, BLOB = (of(b"x" * 32) for of in (feed_id, message_id, blob_id))


def _filter(content: Any) -> list[Any]:
    return [{"$filter": {"value": {"content": content}}}]


@pytest.mark.parametrize(
    ("content", "mentions", "channel"),
    [
        ({"type": "post", "root": MESSAGE}, [MESSAGE], None),
        ({"vote": {"link": {"$eq": MESSAGE}}, "channel": "moss"}, [MESSAGE], "moss"),
        ({"mentions": [{"link": FEED}], "image": BLOB}, [BLOB, FEED], None),
        ({"channel": FEED}, [], FEED),
        ({"tag": "#moss", "other": "#Moss"}, ["#moss"], None),
        ({"root": {"$prefix": MESSAGE}, "branch": {"$ne": MESSAGE}}, [], None),
        ({"root": {"$eq": MESSAGE, "$is": "string"}, "link": {"$not": MESSAGE}}, [], None),
        ({"root": {"$eq": [MESSAGE]}, "channel": {"$prefix": "m"}}, [], None),
        ({"$eq": {"root": MESSAGE}}, [], None),
        (MESSAGE, [], None),
    ],
)
def test_texts_as_they_are_are_demanded(content: Any, mentions: list[str], channel: Any) -> None:
    found = needed(_filter(content))
    assert sorted(found.mentions) == sorted(mentions)
    assert found.channel == channel


@pytest.mark.parametrize(
    "query",
    [
        None,
        [],
        "text",
        {"value": {"content": {"root": MESSAGE}}},
        [{"$map": {"value": {"content": {"root": MESSAGE}}}}],
        [{"$filter": {"value": {"content": {"root": MESSAGE}}}, "$map": True}],
        [{"$filter": {"content": {"root": MESSAGE}}}],
        [{"$filter": {"value": {"$not": {"content": {"root": MESSAGE}}}}}],
        [{"$sort": ["a"]}, *_filter({"root": MESSAGE})],
    ],
)
def test_nothing_else_demands_anything(query: Any) -> None:
    assert needed(query) == ([], None)


@pytest.mark.parametrize(
    "content",
    [
        {"root": MESSAGE},
        {"channel": FEED, "mentions": [{"link": MESSAGE}]},
        {"root": {"deep": [{"er": MESSAGE}]}},
        {"#moss": "#moss", "0": FEED},
    ],
)
def test_what_passes_has_what_is_demanded(content: Any) -> None:
    item = {"value": {"content": content}}
    query = _filter(content)
    assert Query(query).push([item]) == [item]
    assert {*needed(query).mentions} <= {*destinations(content)}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"value": {"author": FEED}}, True),
        ({"value": {"content": {"type": "post"}, "author": FEED}}, True),
        ({"value": {"content": {"type": {"$eq": "post"}}}}, False),
        ({"value": {"content": {"type": "post", "root": MESSAGE}}}, False),
        ({"value": {"content": {"type": "post", "deep": {}}}}, False),
        ({"value": {"content": {"type": "post"}}, "timestamp": {"$gt": 0}}, False),
        ({"value": {"content": {"channel": "what?!"}}}, False),
        ({"value": {"content": {"root": "x" * 600}}}, False),
        ({"value": {"content": {"type": 5}}}, False),
        ({"timestamp": 5}, False),
        ({"sequence": 5}, False),
    ],
)
def test_an_index_says_all_of_what_it_is_sorted_by(wanted: Any, expected: bool) -> None:
    for stages, met in (([], expected), ([{"$map": True}], False)):
        query = [{"$filter": wanted}, *stages]
        span = span_of(indexes.QUERY, query, choice.QUERY)
        assert is_met(query, span) is met
    assert not is_met({"value": {"author": FEED}}, span_of(indexes.QUERY, query, choice.QUERY))


def test_what_stands_behind_a_field_of_many_values_is_not_all_of_one() -> None:
    query = [
        {"$filter": {"dest": FEED}},
        {"$sort": [["value", "content", "type"], ["dest"], ["rts"]]},
    ]
    span = span_of(indexes.BACKLINKS, query, choice.LINKS)
    assert not is_met(query[:1], span)
    assert is_met(query[:1], span_of(indexes.BACKLINKS, query[:1], choice.LINKS))
