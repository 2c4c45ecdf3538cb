"""Rows: indexes made from nothing, how far they are behind a sync, and who has to wait meanwhile."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.bench import FEEDS, LIMIT_S, Bench, indexed
from benchmarks.caller import Caller
from benchmarks.figures import Figure, Figures
from benchmarks.starting import first_answer, without_indexes
from benchmarks.sync import fetch
from benchmarks.watch import Watch
from common.crypto.keys import generate
from common.refs import FeedId, raw
from tests.support.large_log import author_of, write_log
from tests.support.peer import Peer
from tests.support.processes import cpu_seconds, pss_mb
from tests.support.servers import ROOT, SHS_BYTES, OurServer, Server

LARGE = 50
"""Times the messages of the other rows: a million with the usual 20,000."""
PAUSE_S = 0.02
SAMPLE_S = 0.1
FEED = 10
"""Messages that a peer fetches at a time."""


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


async def while_indexing(bench: Bench, kind: type[Server]) -> Figures:
    """A log 50 times as long, indexed from nothing: how long clients and a peer wait meanwhile. Ours only: it is written directly."""
    if not issubclass(kind, OurServer):
        return {}
    server = kind(bench.place(), "--force")
    server.folder.mkdir()
    subprocess.run(
        [sys.executable, "-m", "services.sbot", "init", "--path", str(server.folder)],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    count = bench.n_messages * LARGE
    await asyncio.to_thread(write_log, server.folder, count)
    waits = _Waits()
    began = time.monotonic()
    async with server, Watch(server) as watch:
        ready = time.monotonic() - began
        async with asyncio.timeout(LIMIT_S * 3), first_answer(server) as client:
            n, in_step = 0, False
            while not in_step:
                n += 1
                await waits.ask_as_client(client, server.id)
                await waits.ask_as_peer(server, author_of(n))
                in_step = (await client.call("status"))["sync"]["sync"]
                await asyncio.sleep(PAUSE_S)
        watch.done()
    found = {"messages": Figure(count), "s until ready": Figure(ready), **watch.figures(count)}
    for name, seconds in waits.seconds.items():
        seconds.sort()
        for what, share in (("median", 0.5), ("99 of 100", 0.99), ("slowest", 1.0)):
            at = round(share * (len(seconds) - 1))
            found[f"{name} ms, {what}"] = Figure(seconds[at] * 1000)
    return found


class _Waits:
    """How many seconds each answer took, by what was asked."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    async def ask_as_client(self, client: Caller, own: str) -> None:
        """One call of each kind over the unix socket."""
        post = {"type": "post", "text": "while it indexes"}
        with self._noted("whoami"):
            await client.call("whoami")
        with self._noted("publish"):
            await client.call("publish", post)
        with self._noted("history"):
            await client.items("createHistoryStream", {"id": own, "limit": 1})

    async def ask_as_peer(self, server: Server, feed: FeedId) -> None:
        """A stranger comes, fetches some of a feed, and leaves."""
        peer = Peer(generate(os.urandom(32)), raw(FeedId(server.id)), server.port, SHS_BYTES)
        with self._noted("a peer's handshake"):
            await peer.__aenter__()
        try:
            with self._noted("a peer's history"):
                await peer.items("createHistoryStream", {"id": feed, "limit": FEED})
        finally:
            await peer.__aexit__()

    @contextmanager
    def _noted(self, name: str) -> Iterator[None]:
        asked = time.monotonic()
        yield
        self.seconds.setdefault(name, []).append(time.monotonic() - asked)
