"""Rows: blobs from a server that has them to others: one large, many small, and the same ones to twenty at once."""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.bench import LIMIT_S, Bench
from benchmarks.figures import Figure, Figures
from benchmarks.watch import Watch
from common.refs import raw
from common.refs.ids import blob_id
from common.wire.events import Items
from tests.support.peer import Peer
from tests.support.servers import SHS_BYTES, Server
from tests.support.siege import stranger

LARGE = 5_000_000
"""Bytes: below the limit of both, and no multiple of 64 KiB, which ssb-server cannot send."""
SMALL, MANY = 10_000, 1_000
TWENTY, EACH = 20, 100
SETTLE_S = 2.0
MB = 1_000_000


async def blob_large(bench: Bench, kind: type[Server]) -> Figures:
    """One large blob, to a server of the same kind, which is watched."""
    return await _fetch(bench, kind, 1, LARGE)


async def blobs_small(bench: Bench, kind: type[Server]) -> Figures:
    """A thousand small blobs, wanted at once, to a server of the same kind, which is watched."""
    return await _fetch(bench, kind, MANY, SMALL)


async def _fetch(bench: Bench, kind: type[Server], count: int, size: int) -> Figures:
    keeper, taker = kind(bench.place()), kind(bench.place())
    blobs = lay(keeper.folder, count, size)
    async with keeper, taker:
        client = await taker.client()
        await client.call("gossip.connect", keeper.address)
        await asyncio.sleep(SETTLE_S)
        async with Watch(taker) as watch:
            wants = client.many("blobs.want", [[blob] for blob in blobs], window=count)
            await asyncio.wait_for(wants, LIMIT_S)
            watch.done()
    return {**_rates(watch, count, size), **_memory(watch)}


async def blobs_to_twenty(bench: Bench, kind: type[Server]) -> Figures:
    """A hundred small blobs to each of twenty peers at once; who serves is watched."""
    server = kind(bench.place())
    blobs = lay(server.folder, EACH, SMALL)
    async with server, AsyncExitStack() as stack:
        public = raw(server.id)
        met = [Peer(stranger(f"taker {n}"), public, server.port, SHS_BYTES) for n in range(TWENTY)]
        peers = [await stack.enter_async_context(peer) for peer in met]
        await asyncio.sleep(SETTLE_S)
        async with Watch(server) as watch:
            taking = [_take(peer, blobs) for peer in peers]
            await asyncio.wait_for(asyncio.gather(*taking), LIMIT_S)
            watch.done()
    return {**_rates(watch, TWENTY * EACH, SMALL), **_memory(watch)}


async def _take(peer: Peer, blobs: Sequence[str]) -> None:
    """Gets all of them, ten at a time."""
    for start in range(0, len(blobs), 10):
        await asyncio.gather(*(_get(peer, blob) for blob in blobs[start : start + 10]))


async def _get(peer: Peer, blob: str) -> None:
    call, size = peer.call("source", "blobs.get", blob), 0
    while isinstance(event := await peer.event(call), Items):
        size += sum(map(len, event.bodies))
    if size != SMALL:
        raise RuntimeError(f"{size} bytes came: {event}")


def lay(folder: Path, count: int, size: int) -> list[str]:
    """Blobs where both kinds of server look for them, before they start."""
    ids: list[str] = []
    for n in range(count):
        data = hashlib.shake_256(str(n).encode()).digest(size)
        digest = hashlib.sha256(data)
        name = digest.hexdigest()
        place = folder / "blobs" / "sha256" / name[:2]
        place.mkdir(parents=True, exist_ok=True)
        (place / name[2:]).write_bytes(data)
        ids.append(blob_id(digest.digest()))
    return ids


def _rates(watch: Watch, count: int, size: int) -> Figures:
    whole = count * size / MB
    return {
        "blobs/s": Figure(count / watch.seconds),
        "MB/s": Figure(whole / watch.seconds),
        "cpu ms/MB": Figure(watch.cpu / whole * 1000),
    }


def _memory(watch: Watch) -> Figures:
    return {"peak PSS MB": Figure(watch.peak_mb)}
