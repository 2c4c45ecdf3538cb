"""The local network: servers that were told nothing of each other meet, on a network made for the test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import PEERS_DB2, Driver
from tests.support.namespaces import PORT, OnLan, OursOnLan, Place, TheirsOnLan, local_network
from tests.support.node_packages import install
from tests.support.replicas import clock
from tests.support.servers import SHS
from tests.support.waiting import until

pytestmark = pytest.mark.interop
WITHIN_S = 60
KINDS: dict[str, type[OnLan]] = {"ours": OursOnLan, "theirs": TheirsOnLan}


async def follow(client: Driver, other: str) -> None:
    await client.call("publish", {"type": "contact", "contact": other, "following": True})


async def staged(client: Driver) -> list[Any]:
    async for peers in client.source("conn.stagedPeers", limit=1):
        return list(peers)
    return []


@pytest.mark.parametrize(("one", "other"), [("ours", "ours"), ("ours", "theirs")])
async def test_friends_meet_by_themselves(folder: Path, one: str, other: str) -> None:
    with local_network(2) as (here, there):
        a, b = KINDS[one](folder / "a", here), KINDS[other](folder / "b", there)
        async with a, b:
            at_a, at_b = await a.local_client(), await b.local_client()
            await follow(at_a, b.id)
            await follow(at_b, a.id)

            async def same() -> bool:
                return await clock(at_a) == await clock(at_b) == {a.id: 1, b.id: 1}

            await until(same, within=WITHIN_S)


async def test_strangers_are_noticed_and_left_alone(folder: Path) -> None:
    with local_network(2) as (here, there):
        async with OursOnLan(folder / "a", here) as a, OursOnLan(folder / "b", there) as b:
            client = await a.local_client()

            async def noticed() -> list[Any]:
                return await staged(client)

            await until(noticed, within=WITHIN_S, every=0.5)
            found = {data["key"]: (address, data) for address, data in await staged(client)}
            address, data = found[b.id]
            assert address.startswith(b.address)
            assert data["type"] == "lan"

            async def signed() -> bool:
                return any(data["verified"] for _, data in await staged(client))

            await until(signed, within=WITHIN_S, every=0.5)
            async for connected in client.source("conn.peers", limit=1):
                assert connected == []


async def test_who_turned_it_off_is_neither_heard_nor_hears(folder: Path) -> None:
    with local_network(2) as (here, there):
        a = OursOnLan(folder / "a", here, "--local", "false")
        async with a, OursOnLan(folder / "b", there) as b:
            deaf, other = await a.local_client(), await b.local_client()
            await deaf.call("lan.start")

            async def noticed() -> list[Any]:
                return await staged(other)

            await until(noticed, within=WITHIN_S, every=0.5)
            await deaf.call("lan.stop")

            async def gone() -> bool:
                return await staged(other) == []

            await until(gone, within=WITHIN_S, every=0.5)


class SsbLan:
    """npm's ssb-lan, alone on a machine."""

    def __init__(self, process: asyncio.subprocess.Process, own: str) -> None:
        self._process = process
        self.id = own

    async def hears(self) -> dict[str, Any]:
        """The next one it hears."""
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return found


@asynccontextmanager
async def ssb_lan(folder: Path, place: Place) -> AsyncIterator[SsbLan]:
    install(PEERS_DB2)
    folder.mkdir()
    options = {"path": str(folder), "shs": SHS, "host": place.host, "port": PORT}
    process = await asyncio.create_subprocess_exec(
        *(*place.enter, "node", str(PEERS_DB2 / "lan.js"), json.dumps(options)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield SsbLan(process, json.loads(await process.stdout.readline())["id"])
    finally:
        process.terminate()
        await process.communicate()


async def test_we_and_ssb_lan_hear_each_other_in_both_forms(folder: Path) -> None:
    with local_network(2) as (here, there):
        async with OursOnLan(folder / "a", here) as a, ssb_lan(folder / "b", there) as b:
            client = await a.local_client()
            heard: dict[bool, str] = {}
            async with asyncio.timeout(WITHIN_S):
                while len(heard) < 2:
                    found = await b.hears()
                    if a.id[1:45] in found["address"]:
                        heard[found["verified"]] = found["address"]
                ours: set[bool] = set()
                async for found in client.source("lan.discoveredPeers"):
                    assert b.id[1:45] in found["address"]
                    ours.add(found["verified"])
                    if len(ours) == 2:
                        break
            assert heard[True] == heard[False]
            assert heard[True].startswith(a.address)
