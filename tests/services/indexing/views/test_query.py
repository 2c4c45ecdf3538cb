"""What tests/vectors/query does not show of query.*: live streams, private messages, errors, who is kept waiting."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from common.bus import CallerError
from services.indexing.adapters.log import Log
from services.indexing.views.query import Queries
from tests.support.indexing_suite import IDS, Suite, boxed
from tests.support.messages import message, rows
from tests.support.waiting import PATIENCE_S, until

POSTS = [{"$filter": {"value": {"content": {"type": "post"}}}}]


def _ids(items: list[Any]) -> list[str]:
    return [one.get("key", "sync") for one in items]


async def _first(suite: Suite, n: int, options: dict[str, Any], *after: object) -> list[Any]:
    """The first n items of a live stream, while contents `after` come as messages of IDS[1] one by one."""
    waiting, found = list(after), []
    async with (
        asyncio.timeout(PATIENCE_S),
        suite.client.source("indexing", "query.read", options) as s,
    ):
        async for batch in s:
            found += batch.json()
            if waiting and found and "sync" in found[-1]:
                for content in waiting:
                    suite.storage.add(1, content, 5)
                waiting = []
            if len(found) >= n:
                return found
    return found


def test_a_message_has_a_row_for_each_index_whose_fields_it_has() -> None:
    def names(content: Any) -> list[bytes]:
        return sorted(row.key[:3] for row in rows(Queries(), message(content)))

    assert names("abc.box") == [b"clk"]
    assert names({"type": "post"}) == [b"ata", b"aty", b"clk", b"tya", b"typ"]
    assert names({"type": "a", "root": "r", "channel": {"no": "place"}})[0:2] == [b"art", b"ata"]
    said = {"type": "post", "root": "r", "channel": "c"}
    strange = rows(Queries(), message(said, timestamp={}))
    assert sorted(row.key[:3] for row in strange) == [b"aty", b"cha", b"clk", b"typ"]
    (long,) = [
        row.key
        for row in rows(Queries(), message({"channel": "x" * 5000}))
        if row.key[:3] == b"cha"
    ]
    assert len(long) < 600


async def test_a_live_query_goes_on_with_what_suits_it(suite: Suite) -> None:
    old = suite.storage.add(1, {"type": "post"}, 1)
    suite.storage.add(1, {"type": "vote"}, 2)
    await suite.folded()
    items = await _first(
        suite,
        4,
        {"query": POSTS, "live": True},
        {"type": "vote"},
        {"type": "post"},
        {"type": "post"},
    )
    assert _ids(items)[:2] == [old, "sync"]
    assert [one["value"]["sequence"] for one in items[2:]] == [4, 5]
    assert items[2]["rts"] == 5


async def test_a_limit_ends_a_live_query_and_sync_counts(suite: Suite) -> None:
    old = suite.storage.add(1, {"type": "post"}, 1)
    await suite.folded()
    asked = {"query": POSTS, "live": True, "limit": 2}
    assert _ids(await _first(suite, 9, asked)) == [old, "sync"]
    assert _ids(await suite.items("query.read", {**asked, "limit": 1})) == [old]


async def test_private_messages_are_found_by_what_they_hold(suite: Suite) -> None:
    key = suite.storage.add(1, boxed({"type": "post", "text": "secret"}), 1)
    await suite.folded()
    (item,) = await suite.items("query.read", {"query": POSTS})
    assert (item["key"], item["value"]["content"]["text"]) == (key, "secret")
    value = item["value"]
    assert value["private"] is True
    assert value["cyphertext"] == value["meta"]["original"]["content"]
    assert value["unbox"] == value["meta"]["unbox"]


async def test_an_invalid_query_is_the_callers_fault(suite: Suite) -> None:
    for query in ([{"$filter": {"a": {"$in": 7}}}], [{"$nothing": 1}], "[{", []):
        with pytest.raises(CallerError, match="query"):
            await suite.items("query.read", {"query": query})
    suite.storage.add(1, {"type": "post"}, 1)
    suite.storage.add(1, {"type": "post"}, 1)
    with pytest.raises(CallerError, match="objects have no order"):
        await suite.items("query.read", {"query": [*POSTS, {"$sort": [["value"]]}]})


async def test_a_query_over_everything_lets_others_have_their_turn(suite: Suite) -> None:
    for n in range(1000):
        suite.storage.add(n % 3, {"type": "post", "n": n}, n)
    await suite.folded()
    nothing = {"query": [{"$filter": {"value": {"content": {"n": {"$mod": 1}}}}}]}
    scan = asyncio.create_task(suite.items("query.read", nothing))
    turns = 0
    while not scan.done():
        await suite.call("query.explain", nothing)
        turns += 1
    assert turns > 3
    assert await scan == []


async def test_what_comes_is_read_once_for_all_who_follow(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.storage.add(1, {"type": "post"}, 1)
    await suite.folded()
    asked: list[list[int]] = []
    records = Log.records

    async def counted(log: Log, positions: Sequence[int]) -> Any:
        asked.append(list(positions))
        return await records(log, positions)

    monkeypatch.setattr(Log, "records", counted)
    marked, told = asyncio.Semaphore(0), []

    async def follow() -> None:
        options = {"query": POSTS, "live": True}
        async with suite.client.source("indexing", "query.read", options) as stream:
            async for batch in stream:
                for item in batch.json():
                    if "sync" in item:
                        marked.release()
                    told.append(item)

    followers = [asyncio.create_task(follow()) for _ in range(20)]
    for _ in followers:
        await marked.acquire()
    asked.clear()
    for n in range(3):
        suite.storage.add(1, {"type": "post"}, n)
    await until(lambda: len(told) == (1 + 1 + 3) * len(followers))
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)
    assert len(asked) < len(followers)


async def test_messages_with_the_same_times_are_all_there(suite: Suite) -> None:
    keys = [suite.storage.add(author, {"type": "post"}, 7) for author in (1, 2)]
    await suite.folded()
    found = await suite.items(
        "query.read",
        {"query": [{"$filter": {"value": {"timestamp": 7, "content": {"type": "post"}}}}]},
    )
    assert _ids(found) == keys


async def test_a_deleted_message_is_not_found(suite: Suite) -> None:
    suite.storage.add(1, {"type": "post"}, 1)
    kept = suite.storage.add(1, {"type": "post"}, 2)
    await suite.folded()
    suite.index.erase(1, [(1, suite.storage.records[0])])
    assert _ids(await suite.items("query.read", {"query": POSTS})) == [kept]


async def test_help_and_explain(suite: Suite) -> None:
    assert set((await suite.call("query.help"))["commands"]) == {"read", "explain"}
    assert set((await suite.call("links2.help"))["commands"]) == {"read"}
    by_author = [{"$filter": {"value": {"author": IDS[1]}}}]
    assert (await suite.call("query.explain", {"query": by_author}))["index"] == "clk"
