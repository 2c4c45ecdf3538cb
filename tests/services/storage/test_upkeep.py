"""The log is checked, mended and compacted while it is in use."""

import asyncio
from os import urandom
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError
from common.feed.record import Candidate, Record, pack_record
from common.refs.ids import message_id, raw
from common.store import Batch, StoreDamaged
from services.storage.adapters import checker
from services.storage.adapters.database import FOLDER
from services.storage.handlers import upkeep
from tests.support.waiting import PATIENCE_S

ZERO = bytes(32)


def place(position: int) -> bytes:
    return position.to_bytes(8)


def feed_key(author: Any, sequence: int) -> bytes:
    return raw(author.id) + sequence.to_bytes(8)


def damage(storage: Any, *changes: tuple[str, bytes, bytes | None]) -> None:
    """Change rows behind the back of the service."""
    batch = Batch()
    batch.operations = list(changes)
    storage.database._store.write(batch, sync=True)


async def check(storage: Any, *, repair: bool = False) -> list[Any]:
    items = await storage.items("log.check", {"repair": repair})
    end = (await storage.call("log.position"))["position"]
    assert items.count({"checked": end, "of": end}) == 1
    return [item for item in items if "problem" in item]


def seen(problems: list[Any]) -> list[tuple[str, int, Any]]:
    return sorted((one["problem"], one["position"], one.get("sequence")) for one in problems)


@pytest.fixture
async def filled(storage: Any, authors: Any) -> Any:
    """Positions 1 to 6: two feeds by turns; the messages are in `storage.made`."""
    first, second, _ = authors
    storage.made = [one for _ in range(3) for author in (first, second) for one in author.write()]
    await storage.append(storage.made)
    return storage


async def test_a_whole_log_has_no_problems(filled: Any, authors: Any) -> None:
    await filled.call("publish", {"type": "post"})
    await filled.call("del", message_id(Candidate.parse(filled.made[2]).key))
    await filled.call("del", authors[1].id)
    assert await check(filled) == []
    assert await check(filled, repair=True) == []


async def test_a_damaged_text_is_told_and_comes_back(filled: Any, authors: Any) -> None:
    records = await filled.bodies("log.read", {})
    bad = records[2].replace(b"test", b"tset")
    damage(filled, ("log", place(3), bad))
    [problem] = await check(filled)
    made = Candidate.parse(filled.made[2])
    assert problem["problem"] == "message"
    assert problem["why"] == "invalid signature"
    assert (problem["position"], problem["sequence"]) == (3, 2)
    assert (problem["id"], problem["feed"]) == (message_id(made.key), authors[0].id)
    assert (problem["mended"], problem["fetch"]) == (False, False)
    assert (await filled.bodies("log.read", {}))[2] == bad

    [problem] = await check(filled, repair=True)
    assert (problem["mended"], problem["fetch"]) == (True, True)
    assert (await filled.records("log.read", {}))[2].message == b""
    with pytest.raises(BusError) as caught:
        await filled.call("get", problem["id"])
    assert caught.value.code == "not_found"  # peers are asked for it
    assert seen(await check(filled)) == [("lost", 3, 2)]
    await filled.call("ooo.put", {}, bodies=[filled.made[2]])
    assert await filled.bodies("log.read", {}) == records
    assert await check(filled) == []


async def test_what_is_lost_is_known_after_a_restart_and_may_be_deleted(
    tmp_path: Path, start_storage: Any, authors: Any
) -> None:
    made = authors[0].write(3)
    ids = [message_id(Candidate.parse(one).key) for one in made]
    async with start_storage(tmp_path) as storage:
        await storage.append(made)
        damage(storage, ("log", place(1), None), ("log", place(2), b"garbage"))
        assert seen(await check(storage, repair=True)) == [("missing", 1, 1), ("missing", 2, 2)]
    async with start_storage(tmp_path) as storage:
        assert seen(await check(storage)) == [("lost", 1, 1), ("lost", 2, 2)]
        await storage.call("del", ids[0])
        assert seen(await check(storage)) == [("lost", 2, 2)]
        assert await storage.call("ooo.put", {}, bodies=made[:2]) == {"stored": 2}
        records = await storage.records("log.read", {})
        assert [one.message for one in records] == [
            b"",
            *(Candidate.parse(m).message for m in made[1:]),
        ]
        assert await check(storage) == []
        received = [one.received for one in records]
        assert received == sorted(set(received))


async def test_records_that_cannot_be_read_are_found_by_what_leads_there(
    filled: Any, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled.database._store
    unreadable = {place(6), place(3)}
    get, get_many = store.get, store.get_many

    def one(family: str, key: bytes) -> bytes | None:
        if family == "log" and key in unreadable:
            raise StoreDamaged("checksum")
        return get(family, key)  # type: ignore[no-any-return]

    def many(family: str, keys: list[bytes]) -> Any:
        if family == "log" and unreadable & set(keys):
            raise StoreDamaged("checksum")
        return get_many(family, keys)

    monkeypatch.setattr(store, "get", one)
    monkeypatch.setattr(store, "get_many", many)
    damage(filled, ("ids", Candidate.parse(filled.made[2]).key, None))
    found = await check(filled)
    assert seen_or_none(found) == [("missing", 0, None), ("missing", 3, 2), ("missing", 6, 3)]
    assert found[0]["id"] == message_id(Candidate.parse(filled.made[2]).key)
    assert found[0]["feed"] == authors[0].id


async def test_what_is_derived_is_put_right(filled: Any, authors: Any) -> None:
    first, second, third = authors
    store = filled.database._store
    before = {name: list(store.scan(name)) for name in ("ids", "feeds", "heads")}
    key = Candidate.parse(filled.made[1]).key
    damage(
        filled,
        ("ids", key, place(5)),
        ("ids", b"?" * 32, place(2)),
        ("feeds", feed_key(second, 3), None),
        ("feeds", feed_key(third, 9), place(1)),
        ("heads", raw(first.id), b"x" * 48),
    )
    expected = [
        ("index", 1, None),
        ("index", 2, 1),
        ("index", 2, None),
        ("index", 5, 3),
        ("index", 5, None),
        ("index", 6, 3),
    ]
    assert seen_or_none(await check(filled)) == expected
    assert {one["mended"] for one in await check(filled, repair=True)} == {True}
    assert await check(filled) == []
    assert {name: list(store.scan(name)) for name in before} == before


def seen_or_none(problems: list[Any]) -> list[tuple[str, int, Any]]:
    found = [(one["problem"], one["position"], one.get("sequence")) for one in problems]
    return sorted(found, key=lambda one: (one[1], one[2] is None, one[2]))


async def test_a_chain_that_does_not_hold_is_told_and_left(filled: Any, authors: Any) -> None:
    author = authors[2]
    one, two, three = author.write(3)
    for n, made in enumerate((one, three, two), 7):
        key, raw_author, sequence, _, message = Candidate.parse(made)
        record = pack_record(key, raw_author, sequence, 2e12 - n, message)
        damage(
            filled,
            ("log", place(n), record),
            ("ids", key, place(n)),
            ("feeds", raw_author + sequence.to_bytes(8), place(n)),
        )
    filled.writer.log.position = 9
    problems = await check(filled, repair=True)
    assert [(one["problem"], one["position"]) for one in problems if one["problem"] == "chain"] == [
        ("chain", 8),
        ("chain", 9),
        ("chain", 8),
    ]
    records = await filled.records("log.read", {})
    assert all(record.message for record in records)


async def test_the_own_feed_is_never_made_shorter(storage: Any) -> None:
    items = [await storage.call("publish", {"type": "post", "n": n}) for n in range(3)]
    author = storage.writer.log.own
    damage(storage, ("log", place(3), None))
    [problem] = await check(storage, repair=True)
    assert (problem["problem"], problem["id"]) == ("missing", items[2]["key"])
    assert storage.writer.log.heads[author].sequence == 3
    item = await storage.call("publish", {"type": "post"})
    assert (item["value"]["sequence"], item["value"]["previous"]) == (4, items[2]["key"])


async def test_a_check_stops_nobody(
    filled: Any, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "SLICE", 1)
    monkeypatch.setattr(upkeep, "STEP", 1)
    async with filled.node.source("storage", "log.check", {}, window=1) as stream:
        await anext(stream)
        with pytest.raises(BusError, match="checked already"):
            await filled.items("log.check", {})
        assert (await filled.append(authors[2].write()))["appended"] == 1
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                assert await check(filled) == []
                break
            except BusError:
                await asyncio.sleep(0.01)


async def test_compaction_tells_how_far_it_is_and_what_it_gave_back(
    storage: Any, authors: Any
) -> None:
    await storage.append(authors[0].write(500, text="x" * 1000))
    await storage.call("log.erase", {"feed": authors[0].id})
    await storage.call("log.erased", {"upto": 500})
    items = await storage.items("log.compact", {})
    total = items[0]["of"]
    assert [item["compacted"] for item in items[:-1]] == list(range(1, total + 1))
    assert set(items[-1]) == {"before", "after"}
    records = await storage.records("log.read", {"limit": 1})
    assert isinstance(records[0], Record)


async def test_many_lost_in_a_row_keep_the_order_of_receipt(filled: Any) -> None:
    before = [record.received for record in await filled.records("log.read", {})]
    damage(filled, *(("log", place(n), None) for n in (2, 3, 4, 5)))
    await check(filled, repair=True)
    await filled.call("ooo.put", {}, bodies=filled.made)
    received = [record.received for record in await filled.records("log.read", {})]
    assert received == sorted(set(received))
    assert (received[0], received[5]) == (before[0], before[5])
    assert await check(filled) == []


def spoil(folder: Path) -> None:
    """A block in the middle of the largest file cannot be read any more."""
    largest = max(folder.glob("*.sst"), key=lambda file: file.stat().st_size)
    with largest.open("r+b") as file:
        file.seek(largest.stat().st_size // 2)
        file.write(b"\0" * 8)


async def test_files_that_cannot_be_read_are_replaced_while_messages_come(
    tmp_path: Path, start_storage: Any, authors: Any
) -> None:
    first, second, _ = authors
    made = [one for _ in range(300) for one in first.write(text=urandom(300).hex())]
    async with start_storage(tmp_path) as storage:
        await storage.append(made)
        await storage.items("log.compact", {})
    spoil(tmp_path / FOLDER)  # nothing was read: it would be in the cache of this process
    async with start_storage(tmp_path) as storage:
        found = await check(storage)
        assert {name: found[-1][name] for name in ("problem", "position")} == {
            "problem": "missing",
            "position": 0,
        }
        async with storage.node.source("storage", "log.check", {"repair": True}) as stream:
            items = (await anext(stream)).json()
            await storage.append(second.write(2))
            items += [item async for batch in stream for item in batch.json()]
        fetch = {item["id"] for item in items if item.get("fetch")}
        assert any(
            item.get("renewed") == item.get("of") != 0 for item in items if "renewed" in item
        )
        assert 0 < len(fetch) < 100
        lost = [one for one in made if message_id(Candidate.parse(one).key) in fetch]
        await storage.call("ooo.put", {}, bodies=lost)
        await storage.items("log.compact", {})
        assert await check(storage) == []
    async with start_storage(tmp_path) as storage:
        records = await storage.records("log.read", {})
        assert [one.message for one in records[:300]] == [
            Candidate.parse(one).message for one in made
        ]
        assert len(records) == 302
        assert (await storage.append(first.write()))["appended"] == 1
        assert await check(storage) == []
