"""Blobs on their way while services and whole servers are killed: it takes longer, and that is all."""

import asyncio
import hashlib
import os
import random
from pathlib import Path

import pytest

from common.refs import BlobId
from common.refs.ids import blob_id
from tests.support.killing import LONGER, Killer, kill_all, service_pids
from tests.support.processes import pss_mb
from tests.support.servers import OurServer
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(300 * LONGER)]
LARGE = 50_000_000
SMALL, MANY = 10_000, 1_000
RAISED = ("--blobs.max", "60000000")
KILLS = 6
ARRIVE_LIMIT_S = 120
MEMORY_MB = 60
"""What `blobs` may take more while one of LARGE goes through it."""


def lay(folder: Path, size: int, seed: int) -> tuple[BlobId, str]:
    """A blob in a folder of a server that has not started: its id, and where it lies in `blobs`."""
    data = hashlib.shake_256(str(seed).encode()).digest(size)
    digest = hashlib.sha256(data)
    name = digest.hexdigest()
    place = folder / "blobs" / "sha256" / name[:2]
    place.mkdir(parents=True, exist_ok=True)
    (place / name[2:]).write_bytes(data)
    return blob_id(digest.digest()), f"sha256/{name[:2]}/{name[2:]}"


def same(one: OurServer, other: OurServer, name: str) -> bool:
    here, there = (server.folder / "blobs" / name for server in (one, other))
    return here.exists() and here.read_bytes() == there.read_bytes()


async def test_kills_only_delay_what_is_on_its_way(folder: Path) -> None:
    seed = int(os.environ.get("SBOT_SEED", random.randrange(1 << 32)))
    print(f"SBOT_SEED={seed}")
    keeper = OurServer(folder / "keeper", *RAISED)
    laid = [lay(keeper.folder, LARGE, 0), *(lay(keeper.folder, SMALL, n + 1) for n in range(MANY))]
    async with keeper:
        taker = OurServer(folder / "taker", *RAISED, "--seeds", keeper.address)
        async with taker:
            client = await taker.client(remote=f"unix:{taker.folder / 'socket'}~noauth")
            waiting = [asyncio.create_task(client.call("blobs.want", blob)) for blob, _ in laid]
            await asyncio.sleep(0.5)
            await Killer(taker, seed, services=("blobs", "network")).kill(KILLS)
            await kill_all(keeper)
            await keeper.start()

            async def all_here() -> bool:
                return all(same(taker, keeper, name) for _, name in laid)

            await until(all_here, within=ARRIVE_LIMIT_S, every=0.5)
            await asyncio.gather(*waiting, return_exceptions=True)
        await taker.start()
        assert not list((taker.folder / "blobs" / "tmp").iterdir())
        await taker.stop()


async def test_memory_does_not_grow_with_the_blob(folder: Path) -> None:
    keeper, taker = OurServer(folder / "keeper", *RAISED), OurServer(folder / "taker", *RAISED)
    blob, name = lay(keeper.folder, LARGE, 0)
    async with keeper, taker:
        client = await taker.client()
        await client.call("gossip.connect", keeper.address)
        pids = [
            service_pids(server.process.pid)[service]
            for server in (keeper, taker)
            for service in ("blobs", "network")
        ]
        before = [pss_mb(pid) for pid in pids]
        want = asyncio.create_task(client.call("blobs.want", blob))
        peaks = list(before)
        while not want.done():
            peaks = [max(peak, pss_mb(pid)) for peak, pid in zip(peaks, pids, strict=True)]
            await asyncio.sleep(0.05)
        assert await want
        assert same(taker, keeper, name)
    grown = [peak - at_first for peak, at_first in zip(peaks, before, strict=True)]
    assert max(grown) < MEMORY_MB, grown
