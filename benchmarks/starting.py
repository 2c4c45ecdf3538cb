"""Rows: how long a start takes, what a server holds that rests, and what it keeps on disk."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from benchmarks import limits
from benchmarks.bench import FEEDS, LIMIT_S, Bench
from benchmarks.caller import Caller
from benchmarks.figures import Figure, Figures
from tests.support.processes import cpu_seconds, pss_mb, rss_mb
from tests.support.servers import Server

AGAIN_S = 0.02
WATCHED_S = 1.0
REST_S = 3.0
# What both kinds of server make out of their log; ssb-server keeps the log itself beside it.
DERIVED = ("flume", "scuttlebot/views", "scuttlebot/search")
LOG = "log.offset"


async def start(bench: Bench, kind: type[Server]) -> Figures:
    """Seconds from the command to a server that listens, its first answer, and indexes in step."""
    found = await _started(kind(bench.place()), "empty")
    full = kind(await bench.full(kind))
    found |= await _started(full, "full")
    without_indexes(full.folder)
    return found | await _started(full, "no indexes")


def without_indexes(place: Path) -> None:
    """Delete what a server that is stopped made out of its log."""
    for folder in DERIVED:
        for entry in (place / folder).glob("*"):
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != LOG:
                entry.unlink()


async def _started(server: Server, state: str) -> Figures:
    began = time.monotonic()
    found: Figures = {}

    def note(figure: str) -> None:
        found[f"s to {figure}, {state}"] = Figure(time.monotonic() - began)

    async with server:
        note("listen")
        async with asyncio.timeout(LIMIT_S), first_answer(server) as client:
            note("first answer")
            slowest = await _slowest(client, in_step=lambda: note("indexes in step"))
        found[f"slowest whoami ms then, {state}"] = Figure(slowest * 1000)
        await asyncio.sleep(REST_S)
        found[f"idle PSS MB, {state}"] = Figure(pss_mb(server.process.pid))
        found[f"idle RSS MB, {state}"] = Figure(rss_mb(server.process.pid))
        before = cpu_seconds(server.process.pid)
        await asyncio.sleep(REST_S)
        spent = cpu_seconds(server.process.pid) - before
        found[f"idle cpu ms/s, {state}"] = Figure(spent / REST_S * 1000)
    return found


@asynccontextmanager
async def first_answer(server: Server) -> AsyncIterator[Caller]:
    """A client, as soon as the server has answered it once."""
    socket = server.folder / "socket"
    while True:
        with suppress(OSError, RuntimeError):
            async with Caller(socket) as client:
                await client.call("whoami")
                break
        await asyncio.sleep(AGAIN_S)
    async with Caller(socket) as client:
        yield client


async def _slowest(client: Caller, *, in_step: Callable[[], None]) -> float:
    """The longest `whoami` in seconds until all indexes are in step, which it tells, or for a second."""
    slowest, began, told = 0.0, time.monotonic(), False
    while not told or time.monotonic() - began < WATCHED_S:
        asked = time.monotonic()
        await client.call("whoami")
        slowest = max(slowest, time.monotonic() - asked)
        if not told and (await client.call("status"))["sync"]["sync"]:
            in_step()
            told = True
        await asyncio.sleep(AGAIN_S)
    return slowest


async def disk(bench: Bench, kind: type[Server]) -> Figures:
    """Bytes on disk a message, of a server that was filled and stopped."""
    place = await bench.full(kind)
    held = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    each = held / (bench.n_messages + FEEDS)
    return {"bytes/message": Figure(each, limits.MESSAGE_BYTES, is_cost=True)}
