"""Rows: publishing with many calls in flight, and what one call at a time takes."""

import asyncio
import time

from benchmarks import limits
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Figures
from benchmarks.watch import Watch
from tests.support.servers import Server

POST = {"type": "post", "text": "x" * 350}
# Calls in flight, and how many calls in all.
IN_FLIGHT = ((64, 2000), (1000, 5000))
WARM_UP = 5
ONE_BY_ONE = 30
SETTLE_S = 1.0


def unix_address(server: Server) -> str:
    """Where a server's own clients reach it without boxes."""
    key = server.id.removeprefix("@").removesuffix(".ed25519")
    return f"unix:{server.folder / 'socket'}~noauth:{key}"


async def publish(bench: Bench, kind: type[Server]) -> Figures:
    """Publishing over net: 64 and 1,000 in flight."""
    found: Figures = {}
    async with kind(bench.place()) as server:
        client = await server.client()
        await asyncio.sleep(SETTLE_S)
        for window, most in IN_FLIGHT:
            n = min(bench.n_messages, most)
            async with Watch(server, memory=False) as watch:
                await client.many("publish", [[POST]] * n, window=window)
            figures = watch.figures(
                n, limit=limits.SIGN, unit="publish", note=f", {window} at once"
            )
            found |= {k.replace("publishs/s", "publishes/s"): f for k, f in figures.items()}
    return found


async def latency(bench: Bench, kind: type[Server]) -> Figures:
    """Milliseconds a call of ssb-client, one at a time, over net and over the unix socket."""
    found: Figures = {}
    async with kind(bench.place()) as server:
        ways = {"net": server.address, "unix": unix_address(server)}
        for way, remote in ways.items():
            client = await server.client(remote=remote)
            await asyncio.sleep(SETTLE_S)
            for name, args, limit in (("whoami", [], ""), ("publish", [POST], limits.FSYNC)):
                await client.many(name, [args] * WARM_UP, window=1)
                started = time.monotonic()
                await client.many(name, [args] * ONE_BY_ONE, window=1)
                ms = (time.monotonic() - started) * 1000 / ONE_BY_ONE
                found[f"ms a {name}, {way}"] = Figure(ms, limit, is_cost=True)
    return found
