"""Rows: how fast strangers come in, and what a thousand of them cost who do nothing."""

import asyncio

from benchmarks import limits
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Figures
from benchmarks.helper import Helper, net_order
from benchmarks.watch import Watch
from tests.support.processes import pss_mb
from tests.support.servers import Server

COUNT = 1000
SETTLE_S = 2.0
STAY_S = 8.0


async def handshakes(bench: Bench, kind: type[Server]) -> Figures:
    """Secret handshakes a second of strangers, 50 under way at a time, who leave at once."""
    async with kind(bench.place()) as server:
        await asyncio.sleep(SETTLE_S)
        order = {**net_order(server), "count": COUNT, "stay": False}
        async with Watch(server, memory=False) as watch, Helper("strangers", order) as strangers:
            watch.seconds = float((await strangers.answer())["seconds"])
        return watch.figures(COUNT, limit=limits.HANDSHAKES, unit="handshake")


async def idle(bench: Bench, kind: type[Server]) -> Figures:
    """Memory of a connection, with 1,000 of them, and its CPU while nothing happens."""
    async with kind(bench.place()) as server:
        await asyncio.sleep(SETTLE_S)
        before = pss_mb(server.process.pid)
        order = {**net_order(server), "count": COUNT, "stay": True}
        async with Helper("strangers", order) as strangers:
            await strangers.answer()
            await asyncio.sleep(SETTLE_S)
            async with Watch(server, memory=False) as watch:
                await asyncio.sleep(STAY_S)
            after = pss_mb(server.process.pid)
            left = (await strangers.ask())["left"]
    return {
        "kB a connection": Figure((after - before) * 1024 / COUNT),
        f"of {COUNT}, connected still": Figure(left),
        "cpu ms/s, idle": Figure(watch.cpu / watch.seconds * 1000),
        "PSS MB, all connected": Figure(after),
    }
