"""Deleting messages and feeds: the content goes, the chain stays, and followers of the log are told."""

from contextlib import suppress
from pathlib import Path
from struct import unpack_from
from typing import Any

import pytest

from common.bus import BusError
from common.feed.record import HEADER_BYTES, Candidate, Record
from common.refs.ids import feed_id, message_id, raw
from common.store import Batch, StoreFull
from services.storage.adapters import database as database_module
from services.storage.adapters import erasures
from tests.support.waiting import until

NOWHERE = message_id(bytes(32))


def ids(made: list[bytes]) -> list[str]:
    return [message_id(Candidate.parse(one).key) for one in made]


async def until_gone(storage: Any, text: bytes) -> None:
    """Wait until nothing on the disk holds these bytes."""

    def gone() -> bool:
        with suppress(FileNotFoundError):  # the store deletes files meanwhile
            files = [path for path in storage.database_folder.iterdir() if path.is_file()]
            return not any(text in path.read_bytes() for path in files)
        return False

    await until(gone)


async def entries(storage: Any, after: int = 0) -> list[tuple[int, Record]]:
    bodies = await storage.bodies("log.erasures", {"after": after, "live": False})
    return [(unpack_from(">Q", body)[0], Record.parse(body[8:])) for body in bodies]


async def test_a_deleted_message_is_gone_and_its_feed_goes_on(storage: Any, authors: Any) -> None:
    author = authors[0]
    made = author.write(4)
    await storage.append(made)
    keys = ids(made)
    assert await storage.call("del", keys[1]) is None
    with pytest.raises(BusError, match="Key not found in database") as caught:
        await storage.call("get", keys[1])
    assert caught.value.code == "deleted"  # nobody asks peers for it
    records = await storage.records("log.read", {})
    assert [len(record.message) > 0 for record in records] == [True, False, True, True]
    assert [message_id(record.key) for record in records] == keys
    assert [record.sequence for record in records] == [1, 2, 3, 4]
    streamed = await storage.items("createUserStream", {"id": author.id, "keys": False})
    assert streamed == [author.values[n] for n in (0, 2, 3)]
    assert streamed[1]["previous"] == keys[1]
    assert await storage.items("createLogStream", {"values": False, "limit": 2}) == [
        keys[0],
        keys[2],
    ]
    assert (await storage.append(author.write(1)))["appended"] == 1
    assert await storage.call("latestSequence", author.id) == 5


async def test_what_is_deleted_again_or_never_was_is_not_found(storage: Any, authors: Any) -> None:
    made = authors[0].write(2)
    await storage.append(made)
    key = ids(made)[0]
    await storage.call("del", key)
    for absent in (key, NOWHERE):
        with pytest.raises(BusError) as caught:
            await storage.call("del", absent)
        assert caught.value.message == f"Key not found in database [{absent}]"
        assert caught.value.code == "not_found"
    assert await storage.call("del", feed_id(bytes(32))) == []


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (None, "Param 0 is required"),
        ("x", "Param 0 must by of type feedId"),
        ({}, "Param 0 must by of type feedId"),
        (5, "Param 0 must by of type feedId"),
        (f"{NOWHERE}?unbox=a", "deletion target must be a message or feed"),
    ],
)
async def test_what_is_no_target_is_refused(storage: Any, target: Any, text: str) -> None:
    with pytest.raises(BusError) as caught:
        await storage.call("del", target)
    assert caught.value.message == text


async def test_a_deleted_feed_keeps_its_head(
    storage: Any, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "MAX_ERASED", 3)
    first, second, _ = authors
    made, kept = first.write(7), second.write(2)
    await storage.append([*made, *kept])
    assert await storage.call("del", first.id) == ids(made)
    assert await storage.call("latestSequence", first.id) == 7
    assert await storage.items("createUserStream", {"id": first.id}) == []
    assert await storage.items("createLogStream", {"values": False}) == ids(kept)
    with pytest.raises(BusError, match="item has been deleted"):
        await storage.call("getLatest", first.id)
    latest = await storage.items("latest")
    assert [one["sequence"] for one in latest] == [7, 2]
    answer = await storage.append([*made, *first.write(1)])
    assert [one["reason"] for one in answer["refused"]] == ["known"] * 7
    assert answer["appended"] == 1


async def test_followers_are_told_with_the_old_records(storage: Any, authors: Any) -> None:
    first, second, _ = authors
    made, other = first.write(3), second.write(1)
    await storage.append([*made, *other])
    before = await storage.records("log.read", {})
    asked = {"keys": [*ids(made[1:2]), NOWHERE, *ids(other)]}
    async with storage.node.source("storage", "log.erasures", {"live": True}) as stream:
        assert await storage.call("log.erase", asked) == {"erased": 2}
        batch = await anext(stream)
        assert batch.position == 2
        assert len(batch.bodies) == 2
        assert await storage.call("log.erase", {"feed": first.id}) == {"erased": 2}
        numbers = [batch.position]
        while numbers[-1] < 4:
            numbers.append((await anext(stream)).position)
    assert await entries(storage) == [(n, before[n - 1]) for n in (2, 4, 1, 3)]
    assert await entries(storage, 3) == [(3, before[2])]


async def test_what_followers_removed_is_gone_for_good(
    tmp_path: Path, start_storage: Any, authors: Any
) -> None:
    made = authors[0].write(5, text="unforgettable")
    key = ids(made)[4]
    async with start_storage(tmp_path) as storage:
        await storage.append(made)
        await storage.call("log.erase", {"feed": authors[0].id})
    async with start_storage(tmp_path) as storage:
        assert len(await entries(storage)) == 5
        await storage.call("log.erased", {"upto": 3})
        assert [number for number, _ in await entries(storage)] == [4, 5]
        await storage.call("log.erased", {"upto": 5})
        assert await entries(storage) == []
        storage.database_folder = tmp_path / database_module.FOLDER
        await until_gone(storage, b"unforgettable")
    async with start_storage(tmp_path) as storage:
        more = authors[0].write(1)
        await storage.append(more)
        await storage.call("del", ids(more)[0])
        assert (await entries(storage, 5))[0][0] == 6  # numbers go on
        with pytest.raises(BusError, match="Key not found in database"):
            await storage.call("get", key)


async def test_a_feed_is_read_up_to_its_first_hole(storage: Any, authors: Any) -> None:
    author = authors[0]
    made = author.write(6)
    await storage.append(made)
    await storage.call("log.erase", {"keys": ids(made[3:4])})
    for options in ({}, {"live": True}):
        records = await storage.records("feeds.read", {"id": author.id, **options})
        assert [record.sequence for record in records] == [1, 2, 3, 4]
        assert records[-1].message == b""
    rest = await storage.records("feeds.read", {"id": author.id, "from": 5})
    assert [record.sequence for record in rest] == [5, 6]


async def test_messages_beside_the_log_go_too_and_do_not_come_back(
    storage: Any, authors: Any
) -> None:
    first, second, third = authors
    strays, logged, others = first.write(2)[1:], second.write(1), third.write(3)[1:]
    await storage.append(logged)
    await storage.call("ooo.put", {}, bodies=[*strays, *others])
    await storage.call("del", ids(strays)[0])
    await storage.call("del", ids(logged)[0])
    await storage.call("del", third.id)
    await storage.call("ooo.put", {}, bodies=logged)
    keys = ids([*strays, *logged, *others])
    assert await storage.bodies("ooo.find", {"keys": keys}) == [b""] * 4


async def test_a_fork_stays_known_when_what_proves_it_is_deleted(
    tmp_path: Path, start_storage: Any, authors: Any
) -> None:
    author = authors[0]
    at = None
    async with start_storage(tmp_path) as storage:
        made = author.write(1)
        at = author.head
        made += author.write(2)
        fork = author.write(1, at=at, text="other")
        await storage.append(made)
        await storage.append(fork)
        await storage.call("del", ids(made)[1])
    async with start_storage(tmp_path) as storage:
        found = await storage.call("forks.get", author.id)
        assert (found["ours"], found["other"]) == (ids(made)[1], ids(fork)[0])
        assert [one["key"] for one in found["messages"]] == ids(fork)
        await storage.call("del", ids(made)[2])
        second = author.write(1, at=at, text="third")
        assert (await storage.append(second))["refused"][0]["reason"] == "fork"
    async with start_storage(tmp_path) as storage:
        assert [one["feed"] for one in await storage.items("forks.list")] == [author.id]


async def test_a_feed_that_was_half_deleted_is_deleted_at_the_next_start(
    tmp_path: Path, start_storage: Any, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "MAX_ERASED", 2)
    author = authors[0]
    made = author.write(5)
    async with start_storage(tmp_path) as storage:
        await storage.append(made)
        found = storage.database.erasures
        found.begin(raw(author.id), 4)
        found.go_on(raw(author.id), 1, 4)
    async with start_storage(tmp_path) as storage:
        assert len(await entries(storage)) == 4
        assert await storage.items("createLogStream", {"values": False}) == ids(made[4:])
        assert storage.database.erasures.begun() == {}


async def test_a_full_disk_deletes_nothing_by_half(
    storage: Any, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = authors[0].write(2)
    await storage.append(made)

    def full(_: Batch, *, sync: bool) -> None:
        raise StoreFull(f"full {sync}")

    with monkeypatch.context() as patch:
        patch.setattr(storage.database._store, "write", full)
        with pytest.raises(BusError, match="full") as caught:
            await storage.call("del", ids(made)[0])
        assert caught.value.code == "no_space"
    assert await storage.call("get", ids(made)[0]) == authors[0].values[0]
    assert await entries(storage) == []


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("log.erase", {}),
        ("log.erase", {"keys": ["x"]}),
        ("log.erase", {"keys": [NOWHERE] * 1001}),
        ("log.erase", {"keys": [NOWHERE], "feed": feed_id(bytes(32))}),
        ("log.erased", {}),
        ("log.erased", {"upto": -1}),
    ],
)
async def test_wrong_calls_are_refused(storage: Any, method: str, options: Any) -> None:
    with pytest.raises(BusError) as caught:
        await storage.call(method, options)
    assert caught.value.code == "bad_argument"


async def test_a_record_whose_message_was_deleted_is_its_header(storage: Any, authors: Any) -> None:
    made = authors[0].write(1)
    await storage.append(made)
    await storage.call("del", ids(made)[0])
    assert [len(body) for body in await storage.bodies("log.read", {})] == [HEADER_BYTES]
