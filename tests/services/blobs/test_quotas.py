"""Quotas and mentions, with a log and a graph that the test plays; on a bus."""

import asyncio
from pathlib import Path

import pytest

from common.bus import Caller, CallerError, Node
from common.refs import BlobId, FeedId
from services.blobs.adapters import follower, purge
from tests.support.blob_service import (
    ANN,
    BOB,
    OWN,
    Log,
    World,
    add,
    id_of,
    read,
    service,
    wanting,
)
from tests.support.waiting import PATIENCE_S, until


async def fetch(world: World, client: Node, data: bytes) -> BlobId:
    """A blob that comes from Ann."""
    if "network/1" not in world.notes:
        world.meet(ANN, "network/1")
    blob = id_of(data)
    world.gives["network/1"].append([data])
    waiting = await wanting(client, blob)
    await world.notes["network/1"].put({blob: len(data)})
    await waiting
    return blob


async def here(client: Node, *blobs: BlobId) -> list[bool]:
    found: list[bool] = (await client.call("blobs", "blobs.has", list(blobs))).json()
    return found


async def until_here(client: Node, expected: list[bool], *blobs: BlobId) -> None:
    async def so() -> bool:
        return await here(client, *blobs) == expected

    await until(so)


def post(*blobs: BlobId) -> dict[str, object]:
    return {"type": "post", "mentions": [{"link": blob, "size": 5} for blob in blobs]}


async def test_beyond_the_total_the_oldest_go_and_what_is_ours_stays(tmp_path: Path) -> None:
    log = Log()
    log.put(OWN, post(id_of(b"22222")))
    async with service(tmp_path, "--blobs.quota.total", "22", log=log) as (world, client):
        mine = await add(client, b"11111")
        pinned = id_of(b"33333")
        await client.call("blobs", "blobs.pin", pinned)
        blobs = [await fetch(world, client, bytes([n]) * 5) for n in b"23456"]
        await until_here(client, [True, True, False, False, True], *blobs)
        assert await here(client, mine) == [True]
        assert pinned == blobs[1]


async def test_a_dry_run_tells_what_would_go_and_removes_nothing(tmp_path: Path) -> None:
    log = Log()
    log.hops = {OWN: 0, ANN: 1, BOB: 3}
    log.put(ANN, post(id_of(b"22222"), id_of(b"33333")))
    log.put(BOB, post(id_of(b"33333"), id_of(b"44444")))
    log.told.clear()
    wishes = ("--blobs.quota.author", "5", "--blobs.quota.far", "4", "--blobs.quota.hops", "2")
    async with service(tmp_path) as (world, client):
        blobs = [await fetch(world, client, bytes([n]) * 5) for n in b"234"]
    async with service(tmp_path, *wishes, log=log) as (_, client):
        await client.call("blobs", "blobsPurge.stop")
        log.told.set()
        async with client.source("blobs", "blobs.purge", {"dry": True}) as stream:
            items = [item async for batch in stream for item in batch.json()]
        assert [(item["id"], item["why"]) for item in items] == [
            (blobs[2], "far"),
            (blobs[0], "author"),
        ]
        assert await here(client, *blobs) == [True] * 3
        with pytest.raises(CallerError, match="mandatory"):
            async with client.source("blobs", "blobs.purge") as stream:
                await anext(stream)
        await client.call("blobs", "blobsPurge.start", {"cpuMax": 100, "storageLimit": 1000})
        await until_here(client, [False, True, False], *blobs)


async def test_the_purge_of_ssb_blobs_purge_starts_tells_and_stops(tmp_path: Path) -> None:
    async with service(tmp_path) as (world, client):
        blobs = [await fetch(world, client, bytes([n]) * 5) for n in b"123"]
        async with client.source("blobs", "blobsPurge.changes") as changes:
            call = {"cpuMax": 100, "storageLimit": 10}
            events = []
            await asyncio.sleep(0.1)  # a stream answers nothing at its beginning
            await client.call("blobs", "blobsPurge.start", call)
            while {"event": "paused"} not in events:
                events += (await anext(changes)).json()
        assert events == [
            {"event": "resumed"},
            {"event": "deleted", "blobId": blobs[0]},
            {"event": "paused"},
        ]
        await client.call("blobs", "blobsPurge.stop")
        blobs.append(await fetch(world, client, b"44444"))
        await asyncio.sleep(0.7)
        assert await here(client, *blobs) == [False, True, True, True]
        with pytest.raises(CallerError, match="cpuMax must be a number"):
            await client.call("blobs", "blobsPurge.start", {"cpuMax": "50"})


async def test_a_purge_waits_while_the_processors_are_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = 80.0
    monkeypatch.setattr(purge, "_load", lambda: load)
    async with service(tmp_path) as (world, client):
        blob = await fetch(world, client, b"11111")
        async with client.source("blobs", "blobsPurge.changes") as changes:
            await asyncio.sleep(0.1)
            await client.call("blobs", "blobsPurge.start", {"cpuMax": 79, "storageLimit": 1})
            events = [(await anext(changes)).json()[0]["event"] for _ in range(2)]
            assert events == ["resumed", "paused"]
            assert await here(client, blob) == [True]
            load = 79.0
            events = [(await anext(changes)).json()[0]["event"] for _ in range(3)]
        assert events == ["resumed", "deleted", "paused"]


async def wanted(client: Node) -> int:
    count: int = (await client.call("blobs", "health")).json()["state"]["wants"]
    return count


async def until_wanted(client: Node, expected: int) -> None:
    async def so() -> bool:
        return await wanted(client) == expected

    await until(so)


async def test_blobs_of_messages_are_wanted_as_far_as_the_setting_reaches(tmp_path: Path) -> None:
    log = Log()
    log.hops = {OWN: 0, ANN: 2}
    log.put(OWN, post(id_of(b"own")))
    log.put(ANN, post(id_of(b"hers")))
    log.put(BOB, post(id_of(b"his")))
    async with service(tmp_path, "--blobs.mentions.hops", "1", log=log) as (_, client):
        await until_wanted(client, 1)
        move: dict[FeedId, int | None] = {ANN: 1}
        log.moves.put_nowait(move)
        await until_wanted(client, 2)
        log.put(ANN, post(id_of(b"hers too")))
        await until_wanted(client, 3)
    log.hops = {OWN: 0, ANN: 1}
    log.put(ANN, post(id_of(b"while we were away")))
    async with service(tmp_path, "--blobs.mentions.hops", "1", log=log) as (world, client):
        await until_wanted(client, 4)
        assert await read(client, await fetch(world, client, b"own")) == b"own"


async def test_what_was_purged_is_not_wanted_again_for_the_same_message(tmp_path: Path) -> None:
    log = Log()
    log.hops = {OWN: 0, ANN: 1}
    log.put(ANN, post(id_of(b"hers")))
    async with service(tmp_path, "--blobs.mentions.hops", "1", log=log) as (world, client):
        await until_wanted(client, 1)
        blob = await fetch(world, client, b"hers")
        await client.call("blobs", "blobs.rm", blob)
    async with service(tmp_path, "--blobs.mentions.hops", "1", log=log) as (_, client):
        log.put(ANN, post(id_of(b"new")))
        await until_wanted(client, 1)
        assert await here(client, blob) == [False]


async def test_of_too_many_wishes_the_oldest_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "MAX_WISHES", 2)
    log = Log()
    log.put(OWN, post(id_of(b"first")))
    async with service(tmp_path, "--blobs.mentions.hops", "0", log=log) as (world, client):
        await until_wanted(client, 1)
        await fetch(world, client, b"first")
        log.put(OWN, post(id_of(b"second")))
        log.put(OWN, post(id_of(b"third")))
        await until_wanted(client, 2)
        log.put(OWN, post(id_of(b"fourth"), id_of(b"first")))
        caller = Caller(ANN, "anonymous", "net", "network/1")
        async with (
            asyncio.timeout(PATIENCE_S),
            client.source("blobs", "blobs.createWants", caller=caller) as stream,
        ):
            told: dict[str, int] = {}
            async for batch in stream:
                for notes in batch.json():
                    told |= notes
                if id_of(b"fourth") in told:
                    break
        await until_wanted(client, 2)
        assert await here(client, id_of(b"first")) == [True]


async def test_another_log_is_followed_from_its_beginning(tmp_path: Path) -> None:
    log = Log()
    log.put(OWN, post(id_of(b"a")))
    log.put(OWN, post(id_of(b"b")))
    async with service(tmp_path, "--blobs.mentions.hops", "0", log=log) as (_, client):
        await until_wanted(client, 2)
    log.records = []
    log.put(OWN, post(id_of(b"c")))
    async with service(tmp_path, "--blobs.mentions.hops", "0", log=log) as (_, client):
        await until_wanted(client, 3)


async def test_the_blobs_of_a_message_are_awaited(tmp_path: Path) -> None:
    log = Log()
    blobs = [id_of(b"first"), id_of(b"second")]
    message = log.put(ANN, post(*blobs))
    async with service(tmp_path, log=log) as (world, client):
        await add(client, b"first")
        call = client.call("blobs", "blobs.wantMentions", message, deadline_ms=PATIENCE_S * 1_000)
        waiting = asyncio.create_task(call)
        await until_wanted(client, 1)
        world.meet(ANN, "network/1")
        world.gives["network/1"] = [[b"second"]]
        await world.notes["network/1"].put({blobs[1]: 6})
        assert (await waiting).json() == blobs
        unknown = message[:1] + "B" * 42 + message[43:]
        with pytest.raises(CallerError, match="is not here"):
            await client.call("blobs", "blobs.wantMentions", unknown)
        with pytest.raises(CallerError, match="mandatory"):
            await client.call("blobs", "blobs.wantMentions", blobs[0])
