"""What clients see of boxes in the streams of messages."""

from typing import Any

import pytest

from tests.support.indexing_suite import Suite, boxed

CONTENT = {"type": "post", "text": "for us"}
STREAMS = ["createFeedStream", "messagesByType"]


async def asked(suite: Suite, method: str, **options: Any) -> list[Any]:
    return await suite.items(method, {"type": "post", **options})


@pytest.mark.parametrize("method", STREAMS)
async def test_boxes_are_opened_only_where_that_is_asked_for(suite: Suite, method: str) -> None:
    box = boxed(CONTENT)
    key = suite.storage.add(0, box)
    (found,) = await asked(suite, method, private=True)
    opened = found["value"]
    assert found["key"] == key
    assert opened["content"] == CONTENT
    assert opened["cyphertext"] == opened["meta"]["original"]["content"] == box
    assert opened["private"] is opened["meta"]["private"] is True
    assert opened["unbox"] == opened["meta"]["unbox"] == "c2xvdA=="
    assert await asked(suite, method, private=True, keys=False) == [opened]
    assert await asked(suite, method, private=True, values=False) == [key]
    for closed in await asked(suite, method, private=1) + await asked(suite, method):
        assert closed["value"]["content"] == box
        assert "meta" not in closed["value"]


async def test_the_type_of_what_was_in_a_box_is_told_only_where_that_is_asked_for(
    suite: Suite,
) -> None:
    suite.storage.add(0, boxed(CONTENT))
    assert await asked(suite, "messagesByType") == []


@pytest.mark.parametrize("method", STREAMS)
async def test_boxes_that_come_are_opened_too(suite: Suite, method: str) -> None:
    options = {"type": "post", "live": True, "private": True}
    async with suite.client.source("indexing", method, options) as stream:
        async for batch in stream:
            (found,) = batch.json()
            if found == {"sync": True}:
                suite.storage.add(1, boxed(CONTENT))
            else:
                assert found["value"]["content"] == CONTENT
                break


@pytest.mark.parametrize("deleted", [False, True])
async def test_all_that_comes_of_a_type_is_given_once(suite: Suite, deleted: bool) -> None:
    post, vote = {"type": "post"}, {"type": "vote"}
    suite.storage.add(0, post)
    suite.storage.add(1, post)
    if deleted:
        suite.storage.erase(2)
    await suite.folded()
    options = {"type": "post", "live": True, "values": False}
    wanted, found = list[str](), list[str]()
    async with suite.client.source("indexing", "messagesByType", options) as stream:
        async for batch in stream:
            items = batch.json()
            found += [one for one in items if isinstance(one, str) and wanted]
            if len(found) == 4:
                break
            if {"sync": True} in items or (wanted and found == wanted):
                suite.storage.add(1, vote)
                wanted.append(suite.storage.add(0, post))
    assert found == wanted
