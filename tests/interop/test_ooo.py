"""Single messages between a real ssb-server and ours, of feeds that neither replicates."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import CallError, Driver
from tests.support.mesh import post, running
from tests.support.replicas import clock
from tests.support.servers import CompactServer, OurServer, SsbServer

pytestmark = pytest.mark.interop
NOWHERE = "%" + "B" * 42 + "A=.sha256"
PATIENCE_MS = 30_000
SOON_MS = 500
WORKERS = ("--workers.network", "2", "--workers.replication", "2")


async def fetched(client: Driver, key: str) -> dict[str, Any]:
    """What `ooo.get` gives, whose stream may only be about to begin."""
    found = await client.call("ooo.get", {"id": key, "timeout": PATIENCE_MS})
    assert found["key"] == key
    assert found["ooo"] is True
    assert isinstance(found["timestamp"], int | float)
    value: dict[str, Any] = found["value"]
    return value


@pytest.mark.parametrize(("we_dial", "flags"), [(True, ()), (False, ()), (True, WORKERS)])
async def test_each_gets_what_only_the_other_has(
    folder: Path, we_dial: bool, flags: tuple[str, ...]
) -> None:
    servers = OurServer(folder / "ours", *flags), SsbServer(folder / "theirs")
    async with running(*servers) as clients:
        keys = [await post(client, f"only here: naïve 🦀 {n}") for n, client in enumerate(clients)]
        originals = [
            await client.call("get", key) for client, key in zip(clients, keys, strict=True)
        ]
        dialler = 0 if we_dial else 1
        await clients[dialler].call("gossip.connect", servers[1 - dialler].address)
        for client, key, original in zip(clients, keys[::-1], originals[::-1], strict=True):
            assert await fetched(client, key) == original
            assert await client.call("get", key) == original
            whole = await client.call("get", {"id": key, "meta": True})
            assert (whole["value"], whole["key"], whole["ooo"]) == (original, key, True)
            assert original["author"] not in await clock(client)
        for client in clients:
            with pytest.raises(CallError) as missing:
                await client.call("get", {"id": NOWHERE, "timeout": SOON_MS})
            assert str(missing.value) == f"Key not found in database [{NOWHERE}]"
            with pytest.raises(CallError) as late:
                await client.call("ooo.get", {"id": NOWHERE, "timeout": SOON_MS})
            assert str(late.value) == f"ooo.get: took more than timeout:{SOON_MS}"


async def test_get_asks_peers_by_itself_and_keeps_what_came(folder: Path) -> None:
    servers = CompactServer(folder / "ours"), SsbServer(folder / "theirs")
    async with running(*servers) as (ours, theirs):
        first, second = await post(theirs, "one"), await post(theirs, "two")
        with pytest.raises(CallError):
            await ours.call("get", first)
        await ours.call("gossip.connect", servers[1].address)
        await fetched(ours, second)
        found = await ours.call("get", first)
        await servers[1].stop()
        assert (await ours.call("get", {"id": first, "meta": True}))["value"] == found
        assert (await ours.call("get", {"id": first, "ooo": False}))["sequence"] == 1


async def test_ours_passes_questions_and_answers_on(folder: Path) -> None:
    servers = SsbServer(folder / "one"), OurServer(folder / "ours"), SsbServer(folder / "two")
    async with running(*servers) as (one, ours, two):
        key = await post(two, "two peers away")
        await one.call("gossip.connect", servers[1].address)
        await ours.call("gossip.connect", servers[2].address)
        assert (await fetched(one, key))["content"]["text"] == "two peers away"
