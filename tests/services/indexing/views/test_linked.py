"""What tests/vectors/query does not show of links2.* and backlinks.read: live streams, private messages, long keys."""

import asyncio
from typing import Any

import pytest

from common.bus import CallerError
from common.query.keys import MAX_KEY
from services.indexing.views import VIEWS
from tests.support.indexing_suite import IDS, Suite, boxed
from tests.support.messages import message, rows
from tests.support.waiting import PATIENCE_S

TO_2 = {"type": "post", "mentions": [{"link": IDS[2], "name": "Two"}]}


async def _live(suite: Suite, n: int, method: str, options: dict[str, Any], *after: Any) -> Any:
    """The first n items of a live stream, while contents come after the mark."""
    waiting, found = list(after), []
    async with (
        asyncio.timeout(PATIENCE_S),
        suite.client.source("indexing", method, options) as stream,
    ):
        async for batch in stream:
            found += batch.json()
            if waiting and found[-1] == {"sync": True}:
                for content in waiting:
                    suite.storage.add(1, content, 5)
                waiting = []
            if len(found) >= n:
                break
    return found


async def test_live_links_are_those_within_the_bounds(suite: Suite) -> None:
    suite.storage.add(1, TO_2, 1)
    await suite.folded()
    others = {"type": "about", "about": IDS[3]}, {"type": "about", "about": IDS[2]}
    options = {"query": [{"$filter": {"dest": IDS[2]}}], "live": True}
    links = await _live(suite, 3, "links2.read", options, *others)
    mention = {"source": IDS[1], "dest": IDS[2], "rel": ["mentions", "@two"], "ts": 1001}
    assert links == [mention, {"sync": True}, {**mention, "rel": ["about"], "ts": 1003}]
    back = await _live(suite, 4, "backlinks.read", {**options, "index": "DTA"}, *others)
    assert [one.get("rts") for one in back] == [1, 5, None, 5]
    assert back[3]["dest"] == IDS[2]


async def test_everything_is_read_where_no_index_suits(suite: Suite) -> None:
    for n in range(3):
        suite.storage.add(1, TO_2, n)
    await suite.folded()
    assert len(await suite.items("links2.read")) == 3
    assert len(await suite.items("links2.read", {"limit": 2})) == 2
    assert len(await suite.items("backlinks.read", {"query": {"rts": 1}, "reverse": True})) == 3


async def test_private_mentions_are_found(suite: Suite) -> None:
    key = suite.storage.add(1, boxed(TO_2), 1)
    await suite.folded()
    (item,) = await suite.items("backlinks.read", {"query": [{"$filter": {"dest": IDS[2]}}]})
    assert (item["key"], item["value"]["private"]) == (key, True)
    (link,) = await suite.items("links2.read", {"query": [{"$filter": {"dest": IDS[2]}}]})
    assert link["rel"] == ["mentions", "@two"]


async def test_an_index_that_is_none_is_refused(suite: Suite) -> None:
    with pytest.raises(CallerError, match="Invalid index: XYZ"):
        await suite.items("backlinks.read", {"index": "XYZ"})
    with pytest.raises(CallerError, match="a stage begins with"):
        await suite.items("backlinks.read", {"index": "DTS", "query": "text"})
    with pytest.raises(CallerError, match="needs options"):
        await suite.items("backlinks.read")
    with pytest.raises(CallerError, match="could not sort by"):
        await suite.items("links2.read", {"query": [{"$sort": [["a"]]}]})


async def test_long_relations_are_told_apart_although_their_keys_are_cut(suite: Suite) -> None:
    long = "x" * 3 * MAX_KEY
    for end in "ab":
        suite.storage.add(1, {"type": "about", "about": IDS[2], "name": long + end}, 1)
    await suite.folded()
    (view,) = [view for view in VIEWS if view.name == "links2"]
    content = {"type": "about", "about": IDS[2], "name": long}
    assert all(len(row.key) < MAX_KEY + 20 for row in rows(view, message(content)))
    query = [{"$filter": {"rel": ["about", long + "b"]}}]
    (found,) = await suite.items("links2.read", {"query": query})
    assert found["rel"] == ["about", long + "b"]


async def test_a_mention_at_no_time_that_is_one_is_found(suite: Suite) -> None:
    key = suite.storage.add(1, {"type": "post", "root": IDS[2]}, timestamp="later")
    query = [{"$filter": {"dest": IDS[2]}}]
    await suite.folded()
    (found,) = await suite.items("backlinks.read", {"query": query, "index": "DTA"})
    assert (found["key"], found["rts"]) == (key, None)
