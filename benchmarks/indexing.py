"""Rows: indexes made from nothing, how far they are behind a sync, and who has to wait meanwhile."""

import asyncio
import subprocess
import sys
import time

from benchmarks.bench import FEEDS, LIMIT_S, Bench, indexed
from benchmarks.caller import Caller
from benchmarks.figures import Figure, Figures
from benchmarks.large_log import write_log
from benchmarks.starting import first_answer, without_indexes
from benchmarks.sync import fetch
from benchmarks.watch import Watch
from tests.support.processes import cpu_seconds, pss_mb
from tests.support.servers import ROOT, OurServer, Server

LARGE = 50
"""Times the messages of the other rows: a million with the usual 20,000."""
PAUSE_S = 0.02
SAMPLE_S = 0.1


async def index_zero(bench: Bench, kind: type[Server]) -> Figures:
    """A full server whose indexes were deleted: from the command that starts it until all are in step."""
    server = kind(await bench.full(kind))
    without_indexes(server.folder)
    began = time.monotonic()
    async with server, asyncio.timeout(LIMIT_S), first_answer(server) as client:
        while not (await client.call("status"))["sync"]["sync"]:
            await asyncio.sleep(PAUSE_S)
        seconds = time.monotonic() - began
        cpu = cpu_seconds(server.process.pid)
        return {
            "messages/s": Figure((bench.n_messages + FEEDS) / seconds),
            "cpu us/message": Figure(cpu / (bench.n_messages + FEEDS) * 1e6),
            "PSS MB": Figure(pss_mb(server.process.pid)),
        }


async def index_lag(bench: Bench, kind: type[Server]) -> Figures:
    """A full-speed sync between two of a kind: how far the slowest index is behind the log of the receiver."""
    sender, receiver = kind(await bench.full(kind)), kind(bench.place())
    async with sender, receiver:
        at_receiver = await receiver.client()
        await bench.follow_all(at_receiver)
        await indexed(await sender.client())
        async with Caller(receiver.folder / "socket") as client:
            most = 0.0
            syncing = asyncio.create_task(fetch(bench, at_receiver, sender.address))
            while not syncing.done():
                most = max(most, await _behind(client))
                await asyncio.sleep(SAMPLE_S)
            await syncing
            came = time.monotonic()
            while not (await client.call("status"))["sync"]["sync"]:
                await asyncio.sleep(PAUSE_S)
            seconds = time.monotonic() - came
    return {
        "of the log, most behind": Figure(most),
        "s until in step after the last": Figure(seconds),
    }


async def _behind(client: Caller) -> float:
    """What part of the log the slowest index has not seen: 0 is none; positions are bytes in one kind, messages in ours."""
    sync = (await client.call("status"))["sync"]
    since = sync["since"]
    if since <= 0:
        return 0.0
    slowest = min(since if seen is True else max(seen, 0) for seen in sync["plugins"].values())
    return float((since - slowest) / since)


class _Unready(OurServer):
    """Ours, not waited for: it says that it is ready, and lets peers in, when it knows whom they may be."""

    async def ready(self) -> None:
        """Returns at once."""


async def while_indexing(bench: Bench, kind: type[Server]) -> Figures:
    """A log 50 times as long, indexed from nothing: how long clients of the unix socket wait meanwhile. Ours only: it is written directly."""
    if not issubclass(kind, OurServer):
        return {}
    server = _Unready(bench.place(), "--force")
    server.folder.mkdir()
    subprocess.run(
        [sys.executable, "-m", "services.sbot", "init", "--path", str(server.folder)],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    count = bench.n_messages * LARGE
    await asyncio.to_thread(write_log, server.folder, count)
    waits: dict[str, list[float]] = {"whoami": [], "publish": [], "history": []}
    async with server, Watch(server) as watch:
        async with asyncio.timeout(LIMIT_S * 3), first_answer(server) as client:
            while not await _is_up(client, server.id):
                await asyncio.sleep(PAUSE_S)
            in_step = False
            while not in_step:
                await _ask(client, server.id, waits)
                in_step = (await client.call("status"))["sync"]["sync"]
        watch.done()
    found = {"messages": Figure(count), **watch.figures(count)}
    for name, seconds in waits.items():
        seconds.sort()
        for what, share in (("median", 0.5), ("99 of 100", 0.99), ("slowest", 1.0)):
            at = round(share * (len(seconds) - 1))
            found[f"{name} ms, {what}"] = Figure(seconds[at] * 1000)
    return found


async def _is_up(client: Caller, own: str) -> bool:
    """Whether every service that is asked has been met."""
    try:
        await _ask(client, own, {"whoami": [], "publish": [], "history": []})
    except RuntimeError:
        return False
    return True


async def _ask(client: Caller, own: str, waits: dict[str, list[float]]) -> None:
    post = {"type": "post", "text": "while it indexes"}
    history = {"id": own, "limit": 1}
    for name, method, args in (
        ("whoami", "whoami", []),
        ("publish", "publish", [post]),
        ("history", "createHistoryStream", [history]),
    ):
        asked = time.monotonic()
        await (client.items if name == "history" else client.call)(method, *args)
        waits[name].append(time.monotonic() - asked)
    await asyncio.sleep(PAUSE_S)
