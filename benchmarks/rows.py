"""The rows of the bench: each takes the kind of server to measure and gives figures by name."""

import asyncio
import json
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Self

from benchmarks.siege import siege
from tests.support.driver import PEERS, Driver
from tests.support.processes import cpu_by_name, cpu_seconds, pss_mb
from tests.support.replicas import count as held
from tests.support.servers import Server, SsbServer, eventually

FEEDS = 100
LIMIT_S = 300
Figures = dict[str, float]


class Bench:
    """The data that all rows share, made once, and folders for servers."""

    def __init__(self, folder: Path, n_messages: int) -> None:
        self.folder = folder
        self.n_messages = n_messages
        sizes = [str(FEEDS), str(n_messages // FEEDS)]
        subprocess.run(["node", str(PEERS / "dataset.js"), str(folder), *sizes], check=True)
        self.feeds = [k["id"] for k in json.loads((folder / "keys.json").read_text())]
        self._numbers = count()

    def values(self) -> list[list[Any]]:
        """The arguments of an `add` for each message."""
        lines = (self.folder / "messages.jsonl").read_text().splitlines()
        return [[json.loads(line)["value"]] for line in lines]

    def place(self) -> Path:
        """A folder that no server has used."""
        return self.folder / f"s{next(self._numbers)}"

    async def follow_all(self, client: Driver) -> None:
        """Follows each feed of the data."""
        contacts = [[{"type": "contact", "contact": f, "following": True}] for f in self.feeds]
        await client.many("publish", contacts)

    async def fill(self, client: Driver) -> None:
        """Adds all messages of the data and follows their feeds."""
        await client.many("add", self.values(), window=1000)
        await self.follow_all(client)


class Watch:
    """CPU and the highest memory of a server while something runs."""

    def __init__(self, server: Server) -> None:
        self._pid = server.process.pid

    async def __aenter__(self) -> Self:
        self.peak_mb = 0.0
        self._cpu, self._names = cpu_seconds(self._pid), cpu_by_name(self._pid)
        self._task = asyncio.create_task(self._sample())
        self._started = time.monotonic()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._started
        self.cpu = cpu_seconds(self._pid) - self._cpu
        now = cpu_by_name(self._pid)
        self.by_name = {k: v - self._names.get(k, 0.0) for k, v in now.items()}
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _sample(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, pss_mb(self._pid))
            await asyncio.sleep(0.5)

    def figures(self, n: int) -> Figures:
        """Rate, CPU a message in all and by process, peak memory."""
        found = {
            "messages/s": n / self.seconds,
            "cpu us/message": self.cpu / n * 1e6,
            "peak PSS MB": self.peak_mb,
        }
        if len(self.by_name) > 1:
            for name, seconds in self.by_name.items():
                found[f"  cpu us in {name.removeprefix('services.')}"] = seconds / n * 1e6
        return found


async def _sync(bench: Bench, sender: Server, receiver: Server, watched: Server) -> Figures:
    async with sender, receiver:
        at_sender, at_receiver = await sender.client(), await receiver.client()
        await bench.fill(at_sender)
        await bench.follow_all(at_receiver)
        await asyncio.sleep(2)

        async def complete() -> bool:
            return await held(at_receiver, bench.feeds) >= bench.n_messages

        async with Watch(watched) as watch:
            await at_receiver.call("gossip.connect", sender.address)
            await eventually(complete, within=LIMIT_S, every=0.2)
        return watch.figures(bench.n_messages)


def _plain(bench: Bench, kind: type[Server]) -> Server:
    """A server that replicates by createHistoryStream: ssb-server without EBT, or ours as it is."""
    return SsbServer(bench.place(), ebt=False) if kind is SsbServer else kind(bench.place())


async def sync_in_ebt(bench: Bench, kind: type[Server]) -> Figures:
    """A full ssb-server into a fresh server, through EBT."""
    receiver = kind(bench.place())
    return await _sync(bench, SsbServer(bench.place()), receiver, receiver)


async def sync_in_history(bench: Bench, kind: type[Server]) -> Figures:
    """A full ssb-server without EBT into a fresh server, through createHistoryStream."""
    receiver = _plain(bench, kind)
    return await _sync(bench, SsbServer(bench.place(), ebt=False), receiver, receiver)


async def sync_out_ebt(bench: Bench, kind: type[Server]) -> Figures:
    """A full server into a fresh ssb-server, through EBT; the sender is watched."""
    sender = kind(bench.place())
    return await _sync(bench, sender, SsbServer(bench.place()), sender)


async def sync_out_history(bench: Bench, kind: type[Server]) -> Figures:
    """A full server into a fresh ssb-server without EBT; the sender is watched."""
    sender = _plain(bench, kind)
    return await _sync(bench, sender, SsbServer(bench.place(), ebt=False), sender)


async def sync_same(bench: Bench, kind: type[Server]) -> Figures:
    """A full server into a fresh one of its own kind, through EBT; the receiver is watched."""
    receiver = kind(bench.place())
    return await _sync(bench, kind(bench.place()), receiver, receiver)


async def publish(bench: Bench, kind: type[Server]) -> Figures:
    """Publishing over net: one by one, 64 and 1,000 in flight."""
    found: Figures = {}
    async with kind(bench.place()) as server:
        client = await server.client()
        for window, n in ((1, 30), (64, 2000), (1000, 5000)):
            each = [[{"type": "post", "text": "x" * 300}]] * n
            started = time.monotonic()
            await client.many("publish", each, window=window)
            found[f"publishes/s, {window} at once"] = n / (time.monotonic() - started)
    return found


async def read_log(bench: Bench, kind: type[Server]) -> Figures:
    """createLogStream of everything, over net, counted in the client."""
    async with kind(bench.place()) as server:
        client = await server.client()
        await bench.fill(client)
        n = bench.n_messages + FEEDS
        async with Watch(server) as watch:
            assert len(await client.collect("createLogStream", {"limit": n})) == n
        return watch.figures(n)


async def start(bench: Bench, kind: type[Server]) -> Figures:
    """Seconds from the command to the first answer, empty and full, and idle memory."""
    found: Figures = {}
    server = kind(bench.place())
    for state in ("empty", "full"):
        started = time.monotonic()
        async with server:
            client = await server.client()
            await client.call("whoami")
            found[f"start s, {state}"] = time.monotonic() - started
            if state == "empty":
                await bench.fill(client)
            else:
                await asyncio.sleep(1)
                found["idle PSS MB"] = pss_mb(server.process.pid)
    return found


ROWS: dict[str, Callable[[Bench, type[Server]], Awaitable[Figures]]] = {
    "sync-in-ebt": sync_in_ebt,
    "sync-in-history": sync_in_history,
    "sync-out-ebt": sync_out_ebt,
    "sync-out-history": sync_out_history,
    "sync-same": sync_same,
    "publish": publish,
    "read-log": read_log,
    "start": start,
    "siege": siege,
}
