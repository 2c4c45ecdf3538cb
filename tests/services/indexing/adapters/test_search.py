"""The index that search asks, kept up to the log: built anew beside itself, mended, and checked."""

import asyncio
import logging
from typing import Any

import pytest

from common.bus import CallerError, Unavailable
from common.store import StoreDamaged, StoreFull
from services.indexing.adapters import search as searching
from services.indexing.adapters.fulltext import Fulltext
from tests.support.indexing_suite import Suite, boxed
from tests.support.waiting import PATIENCE_S, until


def post(suite: Suite, text: str, claimed: float = 1) -> str:
    return suite.storage.add(0, {"type": "post", "text": text}, claimed=claimed)


async def keys(suite: Suite, query: str) -> list[str]:
    return [item["key"] for item in await suite.items("search.query", {"query": query})]


async def is_right(suite: Suite) -> bool:
    (found,) = [
        one for one in await suite.items("views.check") if one.get("view") == searching.NAME
    ]
    ok: bool = found["ok"]
    return ok


async def test_it_is_built_anew_beside_the_one_that_answers(suite: Suite) -> None:
    posted = [post(suite, f"hello {n}", n) for n in range(120)][::-1]
    assert await keys(suite, "hello") == posted
    before = suite.search._live.folder
    rebuilding = asyncio.create_task(suite.call("rebuild", "search"))
    while not rebuilding.done():
        assert await keys(suite, "hello") == posted
    assert await rebuilding is True
    assert suite.search._live.folder != before
    await until(lambda: not before.exists())
    newest = post(suite, "hello again", 999)
    assert await keys(suite, "hello") == [newest, *posted]
    assert await is_right(suite)
    health = (await suite.call("health"))["state"]
    assert (health["views"]["search"], health["building"]) == (121, {})
    with pytest.raises(CallerError, match="search"):
        await suite.call("rebuild", "nothing")


async def test_what_it_does_not_have_is_told_by_the_check(suite: Suite) -> None:
    post(suite, "hello")
    suite.storage.add(0, boxed({"type": "post", "text": "hello"}))
    await suite.call("views.wait")
    assert await is_right(suite)
    live = suite.search._live
    await suite.search._run(live.remove, [1])
    await suite.search._run(live.commit)
    assert not await is_right(suite)
    await suite.call("rebuild", "search")
    assert await is_right(suite)


async def test_a_log_that_is_another_one_is_read_again(suite: Suite) -> None:
    for n in range(3):
        post(suite, f"hello {n}")
    assert len(await keys(suite, "hello")) == 3
    del suite.storage.records[1:]
    suite.storage.interrupt()
    other = post(suite, "other")

    async def replaced() -> bool:
        return await keys(suite, "other") == [other] and len(await keys(suite, "hello")) == 1

    await until(replaced)
    assert await is_right(suite)


async def test_an_index_that_fails_goes_on_from_its_last_commit(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = post(suite, "hello", 1)
    assert await keys(suite, "hello") == [first]
    commit, faults = Fulltext.commit, [StoreDamaged("broken"), StoreFull("no room")]

    def failing(index: Fulltext, **options: Any) -> None:
        if faults:
            raise faults.pop()
        commit(index, **options)

    monkeypatch.setattr(Fulltext, "commit", failing)
    with caplog.at_level(logging.WARNING):
        second = post(suite, "hello", 2)

        async def found() -> bool:
            return await keys(suite, "hello") == [second, first]

        await until(found)
    assert "no room" in caplog.text
    assert "broken" in caplog.text
    assert await is_right(suite)
    await suite.says("ok")


async def test_a_full_disk_is_told_no_longer_when_there_is_room_though_no_message_comes(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "PAUSE_S", 0.01)
    one, two = post(suite, "hello", 1), post(suite, "hello", 2)
    assert await keys(suite, "hello") == [two, one]
    commit, full = Fulltext.commit, [True]

    def failing(index: Fulltext, **options: Any) -> None:
        if full:
            raise StoreFull("no room")
        commit(index, **options)

    monkeypatch.setattr(Fulltext, "commit", failing)
    suite.storage.erase(1)
    await suite.says("disk full")
    full.clear()
    await suite.says("ok")
    assert await keys(suite, "hello") == [two]


async def test_an_index_that_fails_again_and_again_is_begun_anew(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = post(suite, "hello", 1)
    assert await keys(suite, "hello") == [first]
    add, faults = Fulltext.add, [StoreDamaged("broken")] * searching.TRIES

    def failing(index: Fulltext, *args: Any) -> None:
        if faults:
            raise faults.pop()
        add(index, *args)

    monkeypatch.setattr(Fulltext, "add", failing)
    second = post(suite, "hello", 2)

    async def found() -> bool:
        return await keys(suite, "hello") == [second, first]

    await until(found)
    assert "built anew from the log" in caplog.text
    assert await is_right(suite)


async def test_words_of_deleted_messages_leave_the_files_in_the_end(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "QUIET_S", 0.0)
    one, two = post(suite, "hello one", 1), post(suite, "hello two", 2)
    assert await keys(suite, "hello") == [two, one]
    before = suite.search._live.folder
    suite.storage.erase(1)

    async def built() -> bool:
        return not before.exists() and await keys(suite, "hello") == [two]

    await until(built)
    assert await is_right(suite)


async def test_damage_that_a_question_meets_has_it_built_anew(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = post(suite, "hello")
    assert await keys(suite, "hello") == [one]
    before = suite.search._live

    def damaged(*_: object) -> None:
        raise StoreDamaged("x")

    monkeypatch.setattr(before, "find", damaged)
    with pytest.raises(StoreDamaged):
        await suite.search.find(["hello"])

    async def built() -> bool:
        return suite.search._live is not before

    await until(built)
    assert await keys(suite, "hello") == [one]


async def test_it_ends_though_storage_ends_at_the_same_moment(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = asyncio.Event()

    async def read(_: Fulltext) -> None:
        reading.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise Unavailable("storage has stopped")

    monkeypatch.setattr(suite.search, "_read", read)
    following = asyncio.create_task(suite.search._follow())
    await reading.wait()
    following.cancel()
    await asyncio.wait([following], timeout=PATIENCE_S)
    assert following.cancelled()
