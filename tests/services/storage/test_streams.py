"""The streams that clients read, over a real bus: ranges as a server of version 16.0.1 gave them."""

import asyncio
from typing import Any

import pytest

from common.crypto.keys import generate

OWN = generate(b"o" * 32)
SYNC = {"sync": True}


def numbers(items: list[Any]) -> list[Any]:
    return [item["value"]["sequence"] if "value" in item else item for item in items]


@pytest.fixture
async def filled(storage: Any, authors: Any) -> Any:
    await storage.append(authors[0].write(9))
    return storage


async def test_log_stream_gives_whole_items(filled: Any, authors: Any) -> None:
    items = await filled.items("createLogStream")
    assert [item["value"] for item in items] == authors[0].values
    assert [list(item) for item in items] == [["key", "value", "timestamp"]] * 9
    values = await filled.items("createLogStream", {"keys": False})
    assert values == authors[0].values
    assert await filled.items("createLogStream", {"keys": False, "values": False}) == values
    keys = await filled.items("createLogStream", {"values": False})
    assert keys == [item["key"] for item in items]


async def test_log_stream_ranges_are_times_of_receipt(filled: Any) -> None:
    times = [item["timestamp"] for item in await filled.items("createLogStream")]

    async def get(**options: Any) -> list[Any]:
        return numbers(await filled.items("createLogStream", options))

    assert await get(limit=2) == [1, 2]
    assert await get(limit=0) == []
    assert await get(limit=-1) == list(range(1, 10))
    assert await get(reverse=True, limit=2) == [9, 8]
    assert await get(gt=times[1]) == list(range(3, 10))
    assert await get(gte=times[1]) == list(range(2, 10))
    assert await get(lt=times[2]) == [1, 2]
    assert await get(lte=times[2]) == [1, 2, 3]
    assert await get(gt=times[1], lt=times[4], reverse=True) == [4, 3]
    assert await get(gt=times[5], lt=times[2]) == []
    assert await get(gt="x") == []
    assert await get(lt=None) == []
    assert await get(gt=times[1] - 0.5, lt=times[1] + 0.5) == [2]


async def test_user_stream_ranges_are_sequences(filled: Any, authors: Any) -> None:
    feed = authors[0].id
    await filled.append(authors[1].write(3))

    async def get(**options: Any) -> list[Any]:
        return numbers(await filled.items("createUserStream", {"id": feed} | options))

    assert await get() == list(range(1, 10))
    assert await get(gt=2, lt=5) == [3, 4]
    assert await get(gte=2, lte=5, limit=3) == [2, 3, 4]
    assert await get(reverse=True, limit=2) == [9, 8]
    assert await get(gt=2, lt=5, reverse=True) == [4, 3]
    assert await get(lt=0) == []
    assert await get(gt="x") == []
    assert await get(gte=6, lte=4) == []
    assert await get(lt="x") == list(range(1, 10))
    assert await filled.items("createUserStream", {"id": authors[2].id}) == []


async def live(storage: Any, author: Any, method: str, n: int, **options: Any) -> list[Any]:
    """What a stream gives until it has given `n` items, while a message is added now and then."""
    seen: list[Any] = []
    async with storage.node.source("storage", method, options) as stream:
        adding = asyncio.create_task(add(storage, author))
        async for batch in stream:
            seen += batch.json()
            if len(seen) >= n:
                break
        adding.cancel()
        await asyncio.wait([adding])
    return seen


async def add(storage: Any, author: Any) -> None:
    for _ in range(100):
        await asyncio.sleep(0.02)
        await storage.append(author.write())


async def test_live_streams_mark_where_the_past_ends(filled: Any, authors: Any) -> None:
    author = authors[0]
    seen = await live(filled, author, "createLogStream", 4, live=True, limit=2)
    assert numbers(seen) == [1, 2, SYNC, 10]
    await filled.append(author.write())
    last = author.head.sequence
    seen = await live(filled, author, "createLogStream", 3, live=True, reverse=True, limit=1)
    assert numbers(seen)[1:] == [SYNC, numbers(seen)[0] + 1]
    seen = await live(filled, author, "createLogStream", 2, live=True, limit=1, sync=False)
    assert seen[0]["value"]["sequence"] == 1
    assert seen[1]["value"]["sequence"] > last
    seen = await live(filled, author, "createLogStream", 2, live=True, keys=False, limit=0)
    assert seen[0] == SYNC
    assert seen[1]["author"] == author.id


async def test_old_false_is_live(filled: Any, authors: Any) -> None:
    author = authors[0]
    seen = await live(filled, author, "createLogStream", 1, old=False)
    assert seen[0]["value"]["sequence"] == 10
    seen = await live(filled, author, "createUserStream", 1, id=author.id, old=False, gt=14)
    assert seen[0]["value"]["sequence"] == 15


async def test_live_stream_of_a_feed_sees_only_that(filled: Any, authors: Any) -> None:
    author, other = authors[:2]
    await filled.append(other.write(2))
    adding = asyncio.create_task(add(filled, author))
    seen = await live(filled, other, "createUserStream", 5, id=other.id, live=True)
    adding.cancel()
    await asyncio.wait([adding])
    assert numbers(seen) == [1, 2, SYNC, 3, 4]


async def test_live_bounds_hold_for_what_comes(filled: Any, authors: Any) -> None:
    author = authors[0]
    times = [item["timestamp"] for item in await filled.items("createLogStream")]
    async with filled.node.source(
        "storage", "createLogStream", {"live": True, "lt": times[2]}
    ) as stream:
        batches = stream.__aiter__()
        seen = (await anext(batches)).json() + (await anext(batches)).json()
        assert numbers(seen) == [1, 2, SYNC]
        await filled.append(author.write())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(batches), 0.1)
    later = times[-1] + 1000
    options = {"old": False, "gte": later, "lte": later}
    async with filled.node.source("storage", "createLogStream", options) as stream:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(live(filled, author, "createLogStream", 99, old=False), 0.1)
        stream.cancel()


async def test_the_raw_log_has_positions_and_bounds_in_them(filled: Any) -> None:
    items = await filled.items("createLogStream")

    async def get(**options: Any) -> list[Any]:
        return [item["seq"] for item in await filled.items("createRawLogStream", options)]

    raw = await filled.items("createRawLogStream")
    assert raw == [{"seq": n, "value": item} for n, item in enumerate(items, 1)]
    assert await get(limit=2) == [1, 2]
    assert await get(limit=0) == list(range(1, 10))
    assert await get(reverse=True, limit=2) == [9, 8]
    assert await get(gt=2, lte=5) == [3, 4, 5]
    assert await get(gte=2.5, lt=4.5) == [3, 4]
    assert await get(gt=1.5, lt=3) == [2]
    assert await get(gt="x") == []
    assert await get(gt=-5, lte=1e300) == list(range(1, 10))
    await filled.call("del", items[1]["key"])
    assert await get(limit=2) == [1, 3]


async def test_a_live_raw_log_goes_on_without_a_mark(filled: Any, authors: Any) -> None:
    options = {"live": True, "gt": 8}
    async with filled.node.source("storage", "createRawLogStream", options) as stream:
        assert [item["seq"] for item in (await anext(stream)).json()] == [9]
        await filled.append(authors[0].write())
        assert [item["seq"] for item in (await anext(stream)).json()] == [10]


async def test_the_sequence_of_the_log_is_told_as_it_grows(storage: Any, authors: Any) -> None:
    async with storage.node.source("storage", "createSequenceStream") as stream:
        assert (await anext(stream)).json() == [-1]
        await storage.append(authors[0].write(2))
        assert (await anext(stream)).json() == [2]
        await storage.append(authors[0].write(1))
        assert (await anext(stream)).json() == [3]
    async with storage.node.source("storage", "createSequenceStream") as stream:
        assert (await anext(stream)).json() == [3]


async def test_private_messages_are_given_open_where_that_is_asked_for(storage: Any) -> None:
    content = {"type": "post", "recps": [OWN.id]}
    item = await storage.call("publish", content)
    for method, options in (("createLogStream", {}), ("createUserStream", {"id": OWN.id})):
        [closed] = await storage.items(method, options)
        assert closed == item
        [opened] = await storage.items(method, {**options, "private": True})
        assert opened["value"]["content"] == content
        assert opened["value"]["cyphertext"] == item["value"]["content"]
        assert await storage.items(method, {**options, "private": True, "values": False}) == [
            item["key"]
        ]
        assert await storage.items(method, {**options, "private": 1}) == [item]
