"""Indexing over a real bus, beside a storage that is only a list of records."""

import asyncio
import logging
from typing import Any

import pytest

from common.bus import CallerError
from common.store import StoreFull
from services.indexing.adapters.follower import TOO_SLOW
from tests.support.indexing_suite import IDS, Suite, boxed
from tests.support.waiting import PATIENCE_S, until


async def test_messages_by_type_finds_what_was_just_appended(suite: Suite) -> None:
    suite.storage.add(0, {"type": "post", "text": "one"})
    suite.storage.add(1, {"type": "vote"})
    suite.storage.add(1, {"type": "post", "text": "two"})
    found = await suite.items("messagesByType", "post")
    assert [item["value"]["content"]["text"] for item in found] == ["one", "two"]
    assert [item["timestamp"] for item in found] == [1001, 1003]
    options = {"type": "post", "reverse": True, "limit": 1, "values": False}
    assert await suite.items("messagesByType", options) == [found[1]["key"]]
    assert await suite.items("messagesByType", {"type": "post", "gt": 1001}) == found[1:]
    assert (
        await suite.items("messagesByType", {"type": "post", "gte": 1001, "lt": 1003}) == found[:1]
    )
    assert await suite.items("messagesByType", {"type": "post", "lte": 1003}) == found


async def test_many_pages_keep_their_order(suite: Suite) -> None:
    for n in range(450):
        suite.storage.add(n % 3, {"type": "post"}, claimed=450 - n)
    found = await suite.items("messagesByType", "post")
    assert [item["timestamp"] for item in found] == [1001 + n for n in range(450)]
    backwards = await suite.items("createFeedStream", {"reverse": True})
    assert [item["rts"] for item in backwards] == [450 - n for n in range(450)]
    assert await suite.items("createFeedStream", {"limit": 250}) == backwards[::-1][:250]


async def test_feed_stream_bounds_are_those_of_the_reference(suite: Suite) -> None:
    for claimed in (3, 1, 2):
        suite.storage.add(0, {"type": "post"}, claimed=claimed)
    for options in ({"gt": 2}, {"gte": 2}):
        assert [i["rts"] for i in await suite.items("createFeedStream", options)] == [2, 3]
    for options in ({"lt": 2}, {"lte": 2}):
        assert [i["rts"] for i in await suite.items("createFeedStream", options)] == [1]


@pytest.mark.parametrize("method", ["messagesByType", "createFeedStream"])
async def test_live_streams_give_old_sync_and_new(suite: Suite, method: str) -> None:
    suite.storage.add(0, {"type": "post"})
    options = {"type": "post", "live": True, "limit": 1}
    found: list[Any] = []
    async with suite.client.source("indexing", method, options) as stream:
        async for batch in stream:
            found += batch.json()
            if found[-1] == {"sync": True}:
                suite.storage.add(0, {"type": "post"})
                suite.storage.add(1, {"type": "post"})
            if len(found) == 4:
                break
    assert [item.get("timestamp") for item in found] == [1001, None, 1002, 1003]
    only_new = {"type": "post", "old": False}
    stream = suite.client.source("indexing", method, only_new)
    await asyncio.sleep(0.2)
    suite.storage.add(2, {"type": "about"} if method == "messagesByType" else {"type": "post"})
    suite.storage.add(2, {"type": "post"})
    async with stream:
        first = (await anext(aiter(stream))).json()[0]
        assert first["value"]["content"] == {"type": "post"}


async def test_authors_of_one_time_are_in_the_order_of_their_ids(suite: Suite) -> None:
    for author in range(5):
        suite.storage.add(author, {"type": "post"}, claimed=7)
    found = await suite.items("createFeedStream")
    assert [item["value"]["author"] for item in found] == sorted(IDS[:5])


async def test_only_the_first_units_of_a_type_count(suite: Suite) -> None:
    suite.storage.add(0, {"type": "x" * 40})
    assert len(await suite.items("messagesByType", "x" * 32)) == 1
    assert await suite.items("messagesByType", "x" * 40) == []
    assert await suite.items("messagesByType", {"type": 5}) == []
    assert len(await suite.items("messagesByType", {"type": "x" * 32, "gt": None, "lt": "x"})) == 1


async def test_friends_answer_as_the_reference_does(suite: Suite) -> None:
    suite.storage.add(0, {"type": "contact", "contact": IDS[1], "following": True})
    suite.storage.add(1, {"type": "contact", "contact": IDS[2], "following": True})
    suite.storage.add(0, {"type": "contact", "contact": IDS[3], "blocking": True})
    assert await suite.call("friends.hops") == {IDS[0]: 0, IDS[1]: 1, IDS[2]: 2, IDS[3]: -1}
    assert await suite.call("friends.hops", {"max": 1}) == {IDS[0]: 0, IDS[1]: 1, IDS[3]: -1}
    assert await suite.call("friends.hops", {"start": IDS[1]}) == {IDS[1]: 0, IDS[2]: 1}
    assert (await suite.call("friends.hops", {"start": IDS[2], "reverse": True}))[IDS[0]] == 2
    pair = {"source": IDS[0], "dest": IDS[3]}
    assert await suite.call("friends.isBlocking", pair) is True
    assert await suite.call("friends.isFollowing", pair) is False
    assert await suite.call("friends.isFollowing", {"source": IDS[0], "dest": IDS[1]}) is True
    assert await suite.call("friends.isFollowing", {"source": IDS[4], "dest": IDS[1]}) is None
    assert await suite.call("friends.isFollowing", {"source": 1}) is None
    said = {"type": "contact", "contact": IDS[4], "blocking": True}
    suite.storage.add(0, boxed(said))
    asked = {"source": IDS[0], "dest": IDS[4], "details": True}
    assert await suite.call("friends.isBlocking", asked) == {"response": True, "private": True}
    assert await suite.call("friends.isFollowing", asked) == {"response": False, "private": False}
    assert await suite.call("friends.isBlocking", {**pair, "details": 1}) == {
        "response": True,
        "private": False,
    }


async def test_the_whole_graph_in_the_words_of_both_versions(suite: Suite) -> None:
    assert await suite.call("friends.graph") == {}
    assert await suite.items("friends.graphStream", {"live": False}) == [{}]
    suite.storage.add(0, {"type": "contact", "contact": IDS[1], "following": True})
    suite.storage.add(0, {"type": "contact", "contact": IDS[2], "blocking": True})
    suite.storage.add(1, {"type": "contact", "contact": IDS[2], "following": False})
    graph = {IDS[0]: {IDS[1]: 1, IDS[2]: -1}, IDS[1]: {IDS[2]: -2}}
    assert await suite.call("friends.graph") == graph
    assert await suite.items("friends.graphStream", {"live": None}) == [graph]
    legacy = {IDS[0]: {IDS[1]: True, IDS[2]: False}, IDS[1]: {IDS[2]: None}}
    assert await suite.call("friends.get") == legacy
    assert await suite.call("friends.get", {"source": IDS[0]}) == legacy[IDS[0]]
    assert await suite.call("friends.get", {"source": IDS[3]}) == {}
    assert await suite.call("friends.get", {"source": "x", "dest": IDS[1]}) == {}
    assert await suite.call("friends.get", {"source": IDS[0], "dest": IDS[2]}) is False
    assert await suite.call("friends.get", {"source": IDS[0], "dest": IDS[3]}) is None
    assert await suite.call("friends.get", {"dest": IDS[2]}) == {IDS[0]: False, IDS[1]: None}
    assert set((await suite.call("friends.help"))["commands"]) >= {"hops", "follow", "stream"}
    assert await suite.call("friends.onEdge") is None


async def test_a_graph_that_is_no_answer_any_more_is_refused_and_streamed(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        suite.storage.add(n, {"type": "contact", "contact": IDS[(n + 1) % 4], "following": True})
    graph = await suite.call("friends.graph")
    for size in (100, 390):
        monkeypatch.setattr("services.indexing.handlers.friends.MAX_ANSWER_BYTES", size)
        for method in ("friends.graph", "friends.get"):
            with pytest.raises(CallerError, match="graphStream"):
                await suite.call(method)
    monkeypatch.setattr("services.indexing.friends.EDGES_PIECE", 3)
    pieces = await suite.items("friends.graphStream", {"live": False})
    assert [len(piece) for piece in pieces] == [3, 1]
    assert pieces[0] | pieces[1] == graph
    monkeypatch.setattr("services.indexing.friends.HOPS_PIECE", 2)
    pieces = await suite.items("friends.hopStream")
    assert [len(piece) for piece in pieces] == [2, 1]
    assert pieces[0] | pieces[1] == await suite.call("friends.hops")


async def watched(suite: Suite, method: str, options: Any, count: int) -> list[Any]:
    """What a live stream gives while the graph changes: follow 1, who follows 2; block 1; again."""
    suite.storage.add(1, {"type": "contact", "contact": IDS[2], "following": True})
    found: list[Any] = []
    async with suite.client.source("indexing", method, options) as stream:
        await until(lambda: suite.follower._watchers)
        for said in ({"following": True}, {"blocking": True}, {"blocking": True}):
            suite.storage.add(0, {"type": "contact", "contact": IDS[1], **said})
            await suite.folded()
        async with asyncio.timeout(PATIENCE_S):
            while len(found) < count:
                found += (await anext(stream)).json()
    return found


HOPS = [{IDS[0]: 0}, {IDS[1]: 1, IDS[2]: 2}, {IDS[1]: -1}]
FOLLOWS = [{"from": IDS[0], "to": IDS[1], "value": value} for value in (True, False, False)]


@pytest.mark.parametrize(
    ("method", "options", "items"),
    [
        ("friends.hopStream", {"live": True}, HOPS),
        ("friends.hopStream", {"live": True, "old": False}, HOPS[1:]),
        (
            "friends.hopStream",
            {"live": True, "old": False, "gone": True},
            [HOPS[1], {IDS[1]: -1, IDS[2]: None}],
        ),
        ("friends.createFriendStream", {"live": True}, [IDS[0], IDS[1], IDS[2], IDS[1]]),
        (
            "friends.createFriendStream",
            {"live": True, "old": False, "meta": True},
            [{"id": IDS[1], "hops": 1}, {"id": IDS[2], "hops": 2}, {"id": IDS[1], "hops": -1}],
        ),
        ("friends.graphStream", {}, [{IDS[0]: {IDS[1]: value}} for value in (1, -1, -1)]),
        (
            "friends.graphStream",
            {"old": True},
            [{IDS[1]: {IDS[2]: 1}}, *({IDS[0]: {IDS[1]: value}} for value in (1, -1, -1))],
        ),
        ("friends.stream", {"live": False}, [{IDS[1]: {IDS[2]: True}}, *FOLLOWS]),
    ],
)
async def test_streams_of_the_graph_tell_what_was_and_what_changes(
    suite: Suite, method: str, options: Any, items: list[Any]
) -> None:
    found = await watched(suite, method, options, len(items))
    if method == "friends.createFriendStream":
        assert sorted(map(str, found)) == sorted(map(str, items))
    else:
        assert found == items


async def test_streams_of_the_past_end(suite: Suite) -> None:
    suite.storage.add(0, {"type": "contact", "contact": IDS[1], "following": True})
    suite.storage.add(0, {"type": "contact", "contact": IDS[2], "blocking": True})
    hops = {IDS[0]: 0, IDS[1]: 1, IDS[2]: -1}
    for args in ([], [None], [{"live": 1, "old": False}]):
        assert await suite.items("friends.hopStream", *args) == [hops]
    assert sorted(await suite.items("friends.createFriendStream")) == sorted([IDS[0], IDS[1]])


async def test_who_does_not_read_the_graph_is_given_up(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.indexing.adapters.follower.MAX_PENDING", 1)
    with suite.follower.watch() as queue:
        for n in range(3):
            suite.storage.add(0, {"type": "contact", "contact": IDS[1 + n], "following": True})
            await suite.folded()
        assert queue.get_nowait() is TOO_SLOW


async def test_graph_edges_tell_the_past_then_sync_then_changes(suite: Suite) -> None:
    suite.storage.add(0, {"type": "contact", "contact": IDS[1], "following": True})
    suite.storage.add(1, {"type": "contact", "contact": IDS[2], "following": True})
    past = [{"source": IDS[0], "dest": IDS[1], "value": 1}, {"sync": True}]
    assert await suite.items("graph.edges", {"source": IDS[0]}) == past
    found: list[Any] = []
    async with suite.client.source(
        "indexing", "graph.edges", {"live": True, "source": IDS[0]}
    ) as s:
        async for batch in s:
            found += batch.json()
            if found == past:
                suite.storage.add(1, {"type": "contact", "contact": IDS[3], "following": True})
                suite.storage.add(0, {"type": "contact", "contact": IDS[1], "blocking": True})
            elif len(found) > len(past):
                break
    assert found[len(past) :] == [{"source": IDS[0], "dest": IDS[1], "value": -1}]


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("messagesByType", []),
        ("messagesByType", [True]),
        ("messagesByType", [5]),
        ("createFeedStream", [{"live": "yes"}]),
        ("createFeedStream", [{"limit": "x"}]),
        ("createFeedStream", ["x"]),
        ("graph.edges", [{"source": "x"}]),
    ],
)
async def test_bad_arguments_are_the_callers_fault(
    suite: Suite, method: str, args: list[Any]
) -> None:
    with pytest.raises(CallerError):
        await suite.items(method, *args)


async def test_options_are_read_as_javascript_reads_them(suite: Suite) -> None:
    suite.storage.add(0, {"type": "contact", "contact": IDS[1], "following": True})
    suite.storage.add(1, {"type": "contact", "contact": IDS[2], "following": True})
    whole = {IDS[0]: 0, IDS[1]: 1, IDS[2]: 2}
    assert await suite.call("friends.hops", {"start": "x"}) == {"x": 0}
    assert await suite.call("friends.hops", {"start": 5}) == {"5": 0}
    assert await suite.call("friends.hops", {"max": "x"}) == {IDS[0]: 0}
    assert await suite.call("friends.hops", {"max": "1"}) == {IDS[0]: 0, IDS[1]: 1}
    assert await suite.call("friends.hops", {"max": 0, "start": None}) == whole
    assert await suite.call("friends.hops", "x") == whole
    for method in ("friends.isFollowing", "friends.isBlocking"):
        for args in ([], [None]):
            with pytest.raises(CallerError):
                await suite.call(method, *args)


async def test_a_log_that_was_replaced_is_folded_anew(suite: Suite) -> None:
    suite.storage.add(0, {"type": "post"})
    suite.storage.add(0, {"type": "post"})
    assert len(await suite.items("messagesByType", "post")) == 2
    health = await suite.call("health")
    assert health["ready"] is True
    assert health["state"]["position"] == 2
    suite.storage.records.clear()
    suite.storage.add(1, {"type": "contact", "contact": IDS[2], "following": True})
    await until(lambda: suite.index.positions()["times"] == 1)
    assert len(await suite.items("createFeedStream")) == 1
    assert await suite.items("messagesByType", "post") == []


async def test_a_log_of_the_same_length_with_other_messages_is_folded_anew(suite: Suite) -> None:
    suite.storage.add(0, {"type": "post"})
    suite.storage.add(0, {"type": "post"})
    assert len(await suite.items("messagesByType", "post")) == 2
    suite.storage.records.clear()
    for _ in range(3):
        suite.storage.add(1, {"type": "vote"})
    suite.storage.interrupt()

    async def anew() -> bool:
        folded = suite.index.positions()["times"] == 3
        return folded and not await suite.items("messagesByType", "post")

    await until(anew)
    assert len(await suite.items("messagesByType", "vote")) == 3


async def test_full_disk_stops_the_views_and_nothing_else(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("services.indexing.adapters.follower.PAUSE_S", 0.02)
    store, write = suite.index._store, suite.index._store.write

    def refuse(batch: object, *, sync: bool) -> None:
        raise StoreFull(f"no room for {batch}, {sync}")

    suite.storage.add(0, {"type": "contact", "contact": IDS[1], "following": True})
    assert (await suite.items("graph.edges"))[:-1]
    with caplog.at_level(logging.CRITICAL):
        monkeypatch.setattr(store, "write", refuse)
        suite.storage.add(0, {"type": "contact", "contact": IDS[2], "following": True})
        await suite.says("disk full")
        monkeypatch.setattr("services.indexing.adapters.follower.PATIENCE_S", 0.2)
    assert suite.index.position == 1
    assert await suite.call("friends.isFollowing", {"source": IDS[0], "dest": IDS[2]}) is False
    monkeypatch.setattr(store, "write", write)
    await suite.says("ok")
    assert suite.index.position == 2
    assert await suite.call("friends.isFollowing", {"source": IDS[0], "dest": IDS[2]}) is True
