"""A quota while many blobs come from npm's ssb-server: the oldest go, and what matters to us stays."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from common.refs import BlobId
from common.refs.ids import blob_id
from tests.support.servers import OurServer, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
MANY, SIZE = 120, 10_000
QUOTA = 30 * SIZE
WITHIN_S = 60


def lay(folder: Path, seed: int) -> BlobId:
    """A blob in the folder of a server that has not started."""
    data = hashlib.shake_256(str(seed).encode()).digest(SIZE)
    digest = hashlib.sha256(data)
    place = folder / "blobs" / "sha256" / digest.hexdigest()[:2]
    place.mkdir(parents=True, exist_ok=True)
    (place / digest.hexdigest()[2:]).write_bytes(data)
    return blob_id(digest.digest())


def held(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("blobs/sha256/*/*"))


async def test_a_quota_holds_while_many_blobs_arrive(folder: Path) -> None:
    keeper = SsbServer(folder / "keeper")
    taker = OurServer(folder / "taker", "--blobs.quota.total", str(QUOTA))
    blobs = [lay(keeper.folder, seed) for seed in range(MANY)]
    mentioned, mine = blobs[0], folder / "mine"
    mine.write_bytes(b"mine")
    async with keeper, taker:
        client = await taker.client()
        await client.send_file("blobs.add", mine)
        await client.call("publish", {"type": "post", "mentions": [{"link": mentioned}]})
        await client.call("gossip.connect", keeper.address)
        for start in range(0, MANY, 20):
            part = blobs[start : start + 20]
            await asyncio.gather(*(client.call("blobs.want", blob) for blob in part))

        async def within_quota() -> bool:
            return held(taker.folder) <= QUOTA

        await until(within_quota, within=WITHIN_S)
        stay = [blob_id(hashlib.sha256(b"mine").digest()), mentioned, blobs[-1]]
        assert await client.call("blobs.has", [*stay, blobs[1]]) == [True, True, True, False]
        assert held(taker.folder) > QUOTA - 2 * SIZE
