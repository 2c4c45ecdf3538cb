"""What other services ask of the log, over a real bus."""

import asyncio
from itertools import count
from pathlib import Path
from struct import unpack
from typing import Any

import pytest

from common.bus import BusError
from common.feed.record import Candidate, Record, pack_candidate
from common.feed.validate import Head
from common.refs.ids import feed_id, message_id, raw


async def test_append_answers_for_each_candidate(storage: Any, authors: Any) -> None:
    first, second, _ = authors
    known, gone = first.write(3), second.write(3)
    assert await storage.append([*known, gone[0]]) == {
        "position": 4,
        "appended": 4,
        "refused": [],
    }
    at = authors[0].head
    first.write()
    fork = pack_candidate(b"f" * 32, raw(first.id), 2, b"?" * 32, b"{}")
    stray = pack_candidate(b"g" * 32, raw(first.id), 4, b"?" * 32, b"{}")
    answer = await storage.append([known[1], gone[2], fork, stray, gone[1]])
    assert at
    assert answer["position"] == 5
    assert answer["appended"] == 1
    assert answer["refused"] == [
        {"index": 0, "author": first.id, "sequence": 2, "reason": "known"},
        {"index": 1, "author": second.id, "sequence": 3, "reason": "gap"},
        {"index": 2, "author": first.id, "sequence": 2, "reason": "fork"},
        {"index": 3, "author": first.id, "sequence": 4, "reason": "previous"},
    ]
    evidence = storage.database.evidence(raw(first.id))
    assert sorted(evidence) == sorted([Candidate.parse(known[1]), Candidate.parse(fork)])
    state = (await storage.call("health"))["state"]
    del state["process"]
    own = {"locked": False, "sequence": 0, "missing": 0, "confirmed": 0, "needed": 1}
    assert state == {"state": "ok", "position": 5, "feeds": 2, "forks": 1, "own": own}


async def test_append_refuses_what_is_no_candidate(storage: Any, authors: Any) -> None:
    with pytest.raises(BusError, match="a candidate has more than"):
        await storage.append([b"short"])
    with pytest.raises(BusError, match="more than 1000 candidates"):
        await storage.append([authors[0].write()[0]] * 1001)
    assert await storage.append([]) == {"position": 0, "appended": 0, "refused": []}


async def test_appends_of_many_callers_are_committed_together(storage: Any, authors: Any) -> None:
    feeds = [author.write(30) for author in authors]
    await asyncio.gather(*(storage.append(feed) for feed in feeds))
    records = await storage.records("log.read", {})
    assert len(records) == 90
    received = [record.received for record in records]
    assert received == sorted(set(received))
    for author, feed in zip(authors, feeds, strict=True):
        mine = [record for record in records if record.author == raw(author.id)]
        assert [record.message for record in mine] == [Candidate.parse(one).message for one in feed]


async def test_read_gives_positions(storage: Any, authors: Any) -> None:
    await storage.append(authors[0].write(450))
    async with storage.node.source("storage", "log.read", {"after": 100}) as stream:
        batches = [batch async for batch in stream]
    assert [batch.position for batch in batches] == [300, 450]
    assert [len(batch.bodies) for batch in batches] == [200, 150]
    some = await storage.records("log.read", {"after": 100, "limit": 3})
    assert [record.sequence for record in some] == [101, 102, 103]
    assert await storage.records("log.read", {"after": 450}) == []
    assert await storage.call("log.position") == {"position": 450}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"after": 1}, "the log ends at 0, before 1"),
        ({"after": -1}, "`after` must be a whole number"),
        ({"after": "x"}, "`after` must be a whole number"),
        ({"limit": 1.5}, "`limit` must be a whole number"),
        ("x", "must be an object"),
    ],
)
async def test_read_refuses(storage: Any, options: Any, text: str) -> None:
    with pytest.raises(BusError, match=text) as refused:
        await storage.records("log.read", options)
    assert refused.value.code == "bad_argument"


async def test_live_readers_see_everything_once(storage: Any, authors: Any) -> None:
    author, other = authors[:2]
    await storage.append(author.write(5))

    async def read(method: str, options: dict[str, Any], n: int) -> list[int]:
        seen: list[int] = []
        async with storage.node.source("storage", method, options) as stream:
            async for batch in stream:
                seen += [Record.parse(body).sequence for body in batch.bodies]
                if len(seen) >= n:
                    break
        return seen

    readers = [
        asyncio.create_task(read("log.read", {"live": True, "after": 2}, 28)),
        asyncio.create_task(read("feeds.read", {"live": True, "id": author.id, "from": 4}, 12)),
        asyncio.create_task(read("feeds.read", {"live": True, "id": other.id}, 15)),
        asyncio.create_task(read("log.read", {"live": True, "limit": 7}, 99)),
    ]
    for _ in range(5):
        await asyncio.sleep(0.01)
        await storage.append(other.write(3))
        await storage.append(author.write(2))
    full, one, two, limited = await asyncio.gather(*readers)
    assert sorted(full) == sorted([*range(3, 16), *range(1, 16)])
    assert one == list(range(4, 16))
    assert two == list(range(1, 16))
    assert limited == [1, 2, 3, 4, 5, 1, 2]


async def test_reader_without_credit_is_served_later(storage: Any, authors: Any) -> None:
    await storage.append(authors[0].write(20))
    async with storage.node.source("storage", "log.read", {"live": True}, window=1) as stream:
        await asyncio.sleep(0.05)
        await storage.append(authors[1].write(300))
        seen = 0
        async for batch in stream:
            seen += len(batch.bodies)
            if seen == 320:
                break


async def test_get_keeps_the_order_asked_for(storage: Any, authors: Any) -> None:
    await storage.append(authors[0].write(3))
    keys = [message_id(record.key) for record in await storage.records("log.read", {})]
    missing = message_id(bytes(32))
    found = await storage.bodies("log.get", {"positions": [3, 9, 1]})
    assert [body and Record.parse(body).sequence for body in found] == [3, b"", 1]
    found = await storage.bodies("log.get", {"keys": [keys[1], missing, keys[0]]})
    assert [body and Record.parse(body).sequence for body in found] == [2, b"", 1]
    assert await storage.bodies("log.get", {"keys": []}) == []


@pytest.mark.parametrize(
    "options",
    [{}, {"positions": 1}, {"positions": [0] * 1001}, {"positions": ["x"]}, {"keys": ["x"]}],
)
async def test_get_refuses(storage: Any, options: Any) -> None:
    with pytest.raises(BusError) as refused:
        await storage.bodies("log.get", options)
    assert refused.value.code == "bad_argument"


async def test_feed_read_needs_a_feed(storage: Any, authors: Any) -> None:
    with pytest.raises(BusError, match="`id` must be the id of a feed"):
        await storage.bodies("feeds.read", {})
    assert await storage.bodies("feeds.read", {"id": authors[0].id}) == []
    await storage.append(authors[0].write(5))
    some = await storage.records("feeds.read", {"id": authors[0].id, "from": 2, "limit": 2})
    assert [record.sequence for record in some] == [2, 3]


async def test_heads_are_of_one_moment(storage: Any, authors: Any) -> None:
    assert await storage.bodies("feeds.heads", {}) == []
    for n, author in enumerate(authors, 1):
        await storage.append(author.write(n))
    async with storage.node.source("storage", "feeds.heads", {}) as stream:
        batches = [batch async for batch in stream]
    assert [batch.position for batch in batches] == [6]
    heads = {feed_id(body[:32]): unpack(">Q", body[32:40])[0] for body in batches[0].bodies}
    assert heads == {author.id: n for n, author in enumerate(authors, 1)}
    assert [body[40:] for body in batches[0].bodies] == [author.head.key for author in authors]


async def test_everything_is_there_after_a_restart(
    tmp_path: Path, authors: Any, start_storage: Any
) -> None:
    async with start_storage(tmp_path) as storage:
        await storage.append(authors[0].write(5))
        before = await storage.records("log.read", {})
    earlier = count(1.0)
    async with start_storage(tmp_path, lambda: next(earlier)) as storage:  # the clock jumped back
        await storage.append([*authors[0].write(2), *authors[1].write(1)])
        after = await storage.records("log.read", {})
    assert after[:5] == before
    received = [record.received for record in after]
    assert received == sorted(set(received))
    assert [record.sequence for record in after] == [1, 2, 3, 4, 5, 6, 7, 1]


@pytest.mark.parametrize(
    "runs",
    [1, ["x"], [["x", 1]], [[1]], [["@", 0]], "own", "long"],
)
async def test_append_refuses_what_does_not_tell_who_brought_it(
    storage: Any, authors: Any, runs: Any
) -> None:
    told = {"own": [[authors[0].id, 0]], "long": [[authors[0].id, 2]]}
    options = {"from": told.get(runs, runs) if isinstance(runs, str) else runs}
    with pytest.raises(BusError, match="`from` must be a list"):
        await storage.call("log.append", options, bodies=authors[1].write(1))
    assert storage.writer.log.position == 0


async def test_forks_are_told_with_who_brought_them_and_stay(
    tmp_path: Path, authors: Any, start_storage: Any
) -> None:
    author, peer, other = authors
    async with start_storage(tmp_path) as storage:
        await storage.append(author.write(2))
        fork = author.write(at=Head(b"?" * 32, 1))
        options = {"from": [[peer.id, 1], [other.id, 1]]}
        answer = await storage.call("log.append", options, bodies=[*peer.write(), *fork])
        assert [one["reason"] for one in answer["refused"]] == ["fork"]
        told = await storage.items("forks.list")
    async with start_storage(tmp_path) as storage:
        [shown] = await storage.items("forks.list")
        whole = await storage.call("forks.get", author.id)
        with pytest.raises(BusError, match="no fork of"):
            await storage.call("forks.get", peer.id)
        with pytest.raises(BusError, match="only our own feed"):
            await storage.call("forks.accept", author.id)
    assert [shown] == told
    assert (shown["feed"], shown["agreed"], shown["peers"]) == (author.id, 1, [other.id])
    assert (shown["ours"], shown["accepted"]) == (message_id(author.head.key), False)
    assert whole == {**shown, "messages": whole["messages"]}
    assert [one["key"] for one in whole["messages"]] == [shown["ours"], shown["other"]]
