"""Rows: all messages out of a full server, to ssb-client in Node and to clients that do next to nothing."""

import asyncio
from typing import Any

from benchmarks import limits
from benchmarks.bench import FEEDS, Bench
from benchmarks.figures import Figure, Figures
from benchmarks.helper import Helper, net_order
from benchmarks.watch import Watch
from tests.support.servers import Server

SETTLE_S = 1.0


async def read_log(bench: Bench, kind: type[Server]) -> Figures:
    """createLogStream of everything, keys and values."""
    n = bench.n_messages + FEEDS
    return await _read(bench, kind, "createLogStream", [[{"limit": n}]], n)


async def read_history(bench: Bench, kind: type[Server]) -> Figures:
    """createHistoryStream of all feeds of the data at once."""
    each = [[{"id": feed, "live": False, "keys": False}] for feed in bench.feeds]
    return await _read(bench, kind, "createHistoryStream", each, bench.n_messages)


async def _read(
    bench: Bench, kind: type[Server], name: str, each: list[list[Any]], n: int
) -> Figures:
    """Reads with three clients, one after the other."""
    found: Figures = {}
    async with kind(await bench.full(kind)) as server:
        client = await server.client()
        await asyncio.sleep(SETTLE_S)
        async with Watch(server) as watch:
            _expect(await client.counted(name, each), n)
        found |= watch.figures(n, note=", ssb-client")
        orders = {"net": net_order(server), "unix": {"socket": str(server.folder / "socket")}}
        for way, order in orders.items():
            whole = {**order, "name": [name], "each": each}
            async with Watch(server, memory=False) as watch, Helper("lean", whole) as lean:
                answer = await lean.answer()
                watch.seconds = float(answer["seconds"])
            _expect(answer["items"], n)
            found |= watch.figures(n, note=f", lean, {way}")
            limit = limits.OPEN_BOXES if way == "net" else limits.LOOPBACK
            found[f"MB/s, lean, {way}"] = Figure(answer["bytes"] / watch.seconds / 1e6, limit)
    return found


def _expect(items: float, n: int) -> None:
    if items != n:
        raise RuntimeError(f"read {items} messages, there are {n}")
