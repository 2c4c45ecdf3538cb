"""What all rows share: the data, made once, folders for servers, and full servers, filled once and then copied."""

import asyncio
import json
import shutil
import subprocess
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from benchmarks.figures import Limits
from benchmarks.limits import MESSAGE_BYTES
from tests.support.driver import PEERS, Driver
from tests.support.servers import Server, SsbServer
from tests.support.waiting import until

FEEDS = 100
LIMIT_S = 600
# What a server makes anew when it starts; the rest of a folder can be copied.
TRANSIENT = ("run", "socket", "manifest.json", "*.lock")


class Bench:
    """The data of a run, and where its servers live."""

    def __init__(self, folder: Path, n_messages: int, limits: Limits) -> None:
        self.folder = folder
        self.n_messages = n_messages
        sizes = [str(FEEDS), str(n_messages // FEEDS)]
        subprocess.run(["node", str(PEERS / "dataset.js"), str(folder), *sizes], check=True)
        self.feeds = [k["id"] for k in json.loads((folder / "keys.json").read_text())]
        lines = [orjson.dumps(m["value"]) for m in self.messages()]
        self.limits = {**limits, MESSAGE_BYTES: sum(map(len, lines)) / len(lines)}
        self._numbers = count()
        self._used: list[Path] = []
        self._full: dict[str, Path] = {}

    def messages(self) -> list[dict[str, Any]]:
        """The data, as {key, value}, in an order in which it can be added."""
        return [json.loads(line) for line in (self.folder / "messages.jsonl").open()]

    def place(self) -> Path:
        """A folder that no server has used."""
        place = self.folder / f"s{next(self._numbers)}"
        self._used.append(place)
        return place

    def discard(self) -> None:
        """Removes what the servers of a row left, but for the full ones that are copied."""
        for place in self._used:
            if place not in self._full.values():
                shutil.rmtree(place, ignore_errors=True)
        self._used.clear()

    async def follow_all(self, client: Driver) -> None:
        """Follows each feed of the data."""
        contacts = [[{"type": "contact", "contact": f, "following": True}] for f in self.feeds]
        await client.many("publish", contacts, window=FEEDS)

    async def full(self, kind: type[Server]) -> Path:
        """The folder of a stopped server that has all messages and follows their feeds; its own copy."""
        if kind.kind not in self._full:
            place = self.place()
            async with kind(place) as server:
                client = await server.client()
                values = [[m["value"]] for m in self.messages()]
                await client.many("add", values, window=1000)
                await self.follow_all(client)
                await indexed(client)
                await asyncio.sleep(1)
            self._full[kind.kind] = place
        copy = self.place()
        shutil.copytree(self._full[kind.kind], copy, ignore=shutil.ignore_patterns(*TRANSIENT))
        return copy


def plain(kind: type[Server], place: Path) -> Server:
    """A server that replicates by createHistoryStream: ssb-server without EBT, or ours as it is."""
    return SsbServer(place, ebt=False) if kind is SsbServer else kind(place)


async def indexed(client: Driver) -> None:
    """Returns when all indexes of a server are in step with its log."""

    async def in_step() -> bool:
        status = await client.call("status")
        return bool(status["sync"]["sync"])

    await until(in_step, within=LIMIT_S)
