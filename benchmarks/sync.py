"""Rows: all messages of the data from a full server into a fresh one that follows their feeds."""

import asyncio

from benchmarks import limits
from benchmarks.bench import LIMIT_S, Bench, indexed, plain
from benchmarks.figures import Figures
from benchmarks.watch import Watch
from tests.support.driver import Driver
from tests.support.replicas import count
from tests.support.servers import Server, SsbServer

SETTLE_S = 1.0
POLL_S = 0.2
# An ssb-server whose EBT heard of a feed before it wanted it may never ask for it; then one dials again.
AGAIN_S = 30.0


async def _sync(bench: Bench, sender: Server, receiver: Server, watched: Server) -> Figures:
    async with sender, receiver:
        at_sender, at_receiver = await sender.client(), await receiver.client()
        await bench.follow_all(at_receiver)
        await indexed(at_sender)
        await asyncio.sleep(SETTLE_S)
        async with Watch(watched) as watch:
            await asyncio.wait_for(fetch(bench, at_receiver, sender.address), LIMIT_S)
            watch.done()
            await indexed(at_receiver)
        return watch.figures(bench.n_messages, limit=limits.VERIFY_TWO)


async def fetch(bench: Bench, receiver: Driver, address: str) -> None:
    """Dials, and returns when everything has come."""
    held, changed = -1, 0.0
    loop = asyncio.get_running_loop()
    while held < bench.n_messages:
        if loop.time() - changed > AGAIN_S:
            await receiver.call("gossip.connect", address)
            changed = loop.time()
        await asyncio.sleep(POLL_S)
        if (now := await count(receiver, bench.feeds)) != held:
            held, changed = now, loop.time()


async def sync_in_ebt(bench: Bench, kind: type[Server]) -> Figures:
    """A full ssb-server into a fresh server, through EBT."""
    receiver = kind(bench.place())
    return await _sync(bench, SsbServer(await bench.full(SsbServer)), receiver, receiver)


async def sync_in_history(bench: Bench, kind: type[Server]) -> Figures:
    """A full ssb-server without EBT into a fresh server, through createHistoryStream."""
    receiver = plain(kind, bench.place())
    sender = plain(SsbServer, await bench.full(SsbServer))
    return await _sync(bench, sender, receiver, receiver)


async def sync_out_ebt(bench: Bench, kind: type[Server]) -> Figures:
    """A full server into a fresh ssb-server, through EBT; the sender is watched."""
    sender = kind(await bench.full(kind))
    return await _sync(bench, sender, SsbServer(bench.place()), sender)


async def sync_out_history(bench: Bench, kind: type[Server]) -> Figures:
    """A full server into a fresh ssb-server without EBT; the sender is watched."""
    sender = plain(kind, await bench.full(kind))
    return await _sync(bench, sender, plain(SsbServer, bench.place()), sender)


async def sync_same(bench: Bench, kind: type[Server]) -> Figures:
    """A full server into a fresh one of its own kind, through EBT; the receiver is watched."""
    receiver = kind(bench.place())
    return await _sync(bench, kind(await bench.full(kind)), receiver, receiver)
