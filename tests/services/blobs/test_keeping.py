"""What its owner says of blobs, and what the disk says: pins, takedowns, no room; on a bus."""

import asyncio
from pathlib import Path

import pytest

from common.bus import CallerError, OurError
from services.blobs.adapters import files
from tests.support.blob_service import ANN, add, id_of, read, service, wanting


async def test_what_was_taken_down_is_gone_and_never_comes_again(tmp_path: Path) -> None:
    blob, other = id_of(b"bad"), id_of(b"other")
    async with service(tmp_path) as (world, client):
        assert await add(client, b"bad") == blob
        await client.call("blobs", "blobs.takedown", blob, "not ours to give")
        with pytest.raises(CallerError, match="could not get blob"):
            await read(client, blob)
        for method in ("blobs.want", "blobs.push"):
            with pytest.raises(CallerError, match="was taken down here: not ours to give"):
                await client.call("blobs", method, blob)
        with pytest.raises(CallerError, match="was taken down"):
            await add(client, b"bad")
    async with service(tmp_path) as (world, client):
        world.meet(ANN, "network/1")
        world.gives["network/1"] = [[b"other"]]
        waiting = await wanting(client, other)
        await world.notes["network/1"].put({blob: -1})
        await world.notes["network/1"].put({blob: 3, other: 5})
        await waiting
        assert [asked[2]["key"] for asked in world.asked] == [other]
        assert (await client.call("blobs", "health")).json()["state"]["wants"] == 0
        async with client.source("blobs", "blobs.takedowns") as stream:
            (item,) = [item async for batch in stream for item in batch.json()]
        assert (item["id"], item["reason"]) == (blob, "not ours to give")
        await client.call("blobs", "blobs.restore", blob)
        assert await add(client, b"bad") == blob
        with pytest.raises(CallerError, match="was not taken down"):
            await client.call("blobs", "blobs.restore", blob)


async def test_who_waits_for_what_is_taken_down_is_told(tmp_path: Path) -> None:
    blob = id_of(b"bad")
    async with service(tmp_path) as (_, client):
        waiting = await wanting(client, blob)
        await client.call("blobs", "blobs.takedown", {"id": blob, "reason": "bad"})
        with pytest.raises(CallerError, match="was taken down"):
            await waiting
        with pytest.raises(CallerError, match="must be a text"):
            await client.call("blobs", "blobs.takedown", blob, 5)


async def test_meta_tells_where_a_blob_is_from_and_whether_it_is_pinned(tmp_path: Path) -> None:
    blob = id_of(b"hers")
    async with service(tmp_path) as (world, client):
        world.meet(ANN, "network/1")
        world.gives["network/1"] = [[b"hers"]]
        waiting = await wanting(client, blob)
        await world.notes["network/1"].put({blob: 4})
        await waiting
        meta = (await client.call("blobs", "blobs.meta", blob)).json()
        assert (meta["id"], meta["size"], meta["from"]) == (blob, 4, ANN)
        assert (meta["wantedBy"], meta["own"], meta["pinned"]) == (None, False, False)
        await client.call("blobs", "blobs.pin", blob)
        assert (await client.call("blobs", "blobs.meta", blob)).json()["pinned"]
        await client.call("blobs", "blobs.unpin", blob)
        assert not (await client.call("blobs", "blobs.meta", blob)).json()["pinned"]
        mine = await add(client, b"mine")
        meta = (await client.call("blobs", "blobs.meta", mine)).json()
        assert (meta["from"], meta["own"]) == (None, True)


async def test_a_full_disk_stops_what_comes_and_goes_on_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 0
    monkeypatch.setattr(files, "free_bytes", lambda _: free)
    blob = id_of(b"later")
    async with service(tmp_path, reserve=1 << 20) as (world, client):
        with pytest.raises(OurError, match="less than 1 MiB of the disk are free"):
            await add(client, b"now")
        state = (await client.call("blobs", "health")).json()["state"]
        assert state["state"] == "disk full"
        assert "less than 1 MiB" in state["why"]
        world.meet(ANN, "network/1")
        world.gives["network/1"] = [[b"later"]]
        waiting = await wanting(client, blob)
        await world.notes["network/1"].put({blob: 5})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 1.5)
        assert not world.asked
        free = 1 << 30
        await waiting
        assert (await client.call("blobs", "health")).json()["state"]["state"] == "ok"
        assert await add(client, b"now") == id_of(b"now")
