"""The row `siege`: how fast a healthy peer's messages are taken in, alone and under siege; ours only."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from benchmarks.figures import Figure, Figures
from common.refs import raw
from common.runtime.secret import load_or_create
from tests.support.healthy import Healthy
from tests.support.peer import Peer
from tests.support.servers import ROOT, SHS_BYTES, OurServer, Server
from tests.support.siege import Feed, Target, stranger
from tests.support.waiting import until

FEEDS = 50
LIMIT_S = 300
VICTIMS = ("victim 0", "victim 1", "victim 2")
SETTLE_S = 2


class Place(Protocol):
    """What a row needs of the bench."""

    n_messages: int

    def place(self) -> Path:
        """A folder that no server has used."""


async def siege(bench: Place, kind: type[Server]) -> Figures:
    """A healthy peer played by hand sends everything over EBT, first alone, then with attackers beside it.

    The attackers are a process of their own, which takes its part of the machine too.
    """
    if kind is not OurServer:
        return {}
    length = max(bench.n_messages // FEEDS, 1)
    rates = []
    for name in ("alone", "besieged"):
        feeds = [Feed(f"{name} {n}", length) for n in range(FEEDS)]
        async with OurServer(bench.place()) as server:
            target = Target(raw(server.id), server.port, SHS_BYTES)
            async with Peer(load_or_create(server.folder / "secret"), *target) as owner:
                await _follow(owner, [feed.keys.id for feed in feeds])
                await _follow(owner, [stranger(name).id for name in VICTIMS])
                await asyncio.sleep(SETTLE_S)
                async with _attackers(target, name == "besieged"):
                    rates.append(FEEDS * length / await _sync(owner, target, feeds))
    alone, besieged = rates
    return {
        "messages/s, alone": Figure(alone),
        "messages/s, under siege": Figure(besieged),
        "share kept under siege": Figure(besieged / alone),
    }


async def _follow(owner: Peer, feeds: list[str]) -> None:
    for feed in feeds:
        await owner.value("publish", {"type": "contact", "contact": feed, "following": True})


async def _sync(owner: Peer, target: Target, feeds: list[Feed]) -> float:
    """Seconds until everything is in the log."""

    async def arrived() -> bool:
        clock = await owner.value("getVectorClock")
        return all(clock.get(feed.keys.id) == len(feed.messages) for feed in feeds)

    began = time.monotonic()
    running = asyncio.ensure_future(Healthy(feeds).run(target, stranger("healthy")))
    await until(arrived, within=LIMIT_S)
    took = time.monotonic() - began
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return took


@asynccontextmanager
async def _attackers(target: Target, wanted: bool) -> AsyncIterator[None]:
    if not wanted:
        yield
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.support.siege", target.public.hex(), str(target.port), target.shs.hex()),
        *VICTIMS,
        cwd=ROOT,
    )
    await asyncio.sleep(SETTLE_S)
    try:
        yield
    finally:
        assert process.returncode is None, "the attackers gave up"
        process.kill()
        await process.wait()
