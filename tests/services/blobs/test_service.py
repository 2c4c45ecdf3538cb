"""The whole service on a bus, with a `network` whose peers are played by the test."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from common.bus import Caller, CallerError, PeerError
from tests.support.blob_service import ANN, BOB, id_of, read, service, want, wanting
from tests.support.waiting import until


async def test_what_was_lost_on_the_way_is_fetched_on_from_there(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1_000
    blob = id_of(data)
    async with service(tmp_path) as (world, client):
        world.meet(ANN, "network/1")
        world.meet(BOB, "network/2")
        world.gives["network/1"] = [[data[:100_000], PeerError("the connection was closed")]]
        world.gives["network/2"] = [[data[100_000:]]]
        waiting = await wanting(client, blob)
        await world.notes["network/1"].put({blob: len(data)})
        await until(lambda: world.asked)
        await world.notes["network/2"].put({blob: len(data)})
        await waiting
        assert await read(client, blob) == data
    assert world.asked[0] == ("network/1", "get", {"key": blob, "max": 5_242_880})
    part = {"start": 100_000, "end": len(data), "size": len(data)}
    assert world.asked[1] == ("network/2", "getSlice", {"key": blob, **part, "max": 5_242_880})


@pytest.mark.parametrize(
    "lie",
    [[b"x" * 10], [b"x" * 11], [b"x" * 9], [], [PeerError("could not get blob")]],
    ids=["wrong hash", "too much", "too little", "nothing", "refusal"],
)
async def test_who_lies_or_refuses_costs_nothing_but_its_turn(
    tmp_path: Path, lie: list[Any]
) -> None:
    data = b"0123456789"
    async with service(tmp_path) as (world, client):
        world.meet(ANN, "network/1")
        world.meet(BOB, "network/2")
        world.gives = {"network/1": [lie], "network/2": [[data]]}
        waiting = await wanting(client, id_of(data))
        await world.notes["network/1"].put({id_of(data): 10})
        await until(lambda: world.asked)
        await world.notes["network/2"].put({id_of(data): 10})
        await waiting
        assert await read(client, id_of(data)) == data
    assert not list((tmp_path / "blobs" / "tmp").iterdir())


async def test_who_lies_three_times_is_shut_out(tmp_path: Path) -> None:
    async with service(tmp_path) as (world, client):
        world.meet(ANN, "network/1")
        blobs = [id_of(bytes([n])) for n in range(3)]
        world.gives["network/1"] = [[b"lie"]] * 3
        waiting = await wanting(client, *blobs)
        await world.notes["network/1"].put(dict.fromkeys(blobs, 3))
        await until(lambda: world.refused == [ANN])
        waiting.cancel()


async def test_a_want_survives_a_restart_and_whoever_waited_for_it(tmp_path: Path) -> None:
    blob = id_of(b"late")
    async with service(tmp_path) as (_, client):
        waiting = await wanting(client, blob)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with service(tmp_path) as (world, client):
        assert (await client.call("blobs", "blobs.wants")).json() == {blob: -1}
        world.meet(ANN, "network/1")
        world.gives["network/1"] = [[b"late"]]
        await world.notes["network/1"].put({blob: 4})
        await want(client, blob)
        assert await read(client, blob) == b"late"
        assert (await client.call("blobs", "blobs.wants")).json() == {}


async def test_a_peer_that_listens_is_told_wants_and_sizes(tmp_path: Path) -> None:
    async with service(tmp_path) as (world, client):
        world.meet(ANN, "network/1")
        sink = client.sink("blobs", "blobs.add")
        await sink.send([b"here"], types=b"\0")
        assert (await sink.end()).json() == id_of(b"here")
        caller = Caller(ANN, "anonymous", "net", "network/1")
        async with client.source("blobs", "blobs.createWants", caller=caller) as stream:
            told = aiter(stream)
            assert (await anext(told)).json() == [{}]
            await world.notes["network/1"].put({id_of(b"here"): -1, id_of(b"not here"): -1})
            seen: dict[str, int] = {}
            while len(seen) < 2:
                for notes in (await anext(told)).json():
                    seen |= notes
            assert seen == {id_of(b"here"): 4, id_of(b"not here"): -2}


async def test_what_is_said_to_be_added_must_be_it(tmp_path: Path) -> None:
    async with service(tmp_path) as (_, client):
        sink = client.sink("blobs", "blobs.add", id_of(b"this"))
        await sink.send([b"that"], types=b"\0")
        with pytest.raises(CallerError, match="did not match expected id"):
            await sink.end()
        sink = client.sink("blobs", "blobs.add")
        await sink.send([b'"json"'])
        with pytest.raises(CallerError, match="bytes are wanted"):
            await sink.end()


async def test_live_listings_tell_what_is_stored(tmp_path: Path) -> None:
    async with (
        service(tmp_path) as (_, client),
        client.source("blobs", "blobs.ls", {"live": True}) as listing,
        client.source("blobs", "blobs.changes") as changes,
    ):
        assert (await anext(listing)).json() == [{"sync": True}]
        sink = client.sink("blobs", "blobs.add")
        await sink.send([b"new"], types=b"\0")
        await sink.end()
        assert (await anext(listing)).json() == [id_of(b"new")]
        assert (await anext(changes)).json() == [id_of(b"new")]
