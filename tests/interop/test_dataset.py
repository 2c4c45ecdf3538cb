"""20,000 signed messages of 100 feeds: in from ssb-server and out to a fresh one, equal to the byte; 2,000 compact."""

import json
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import PEERS, Driver
from tests.support.replicas import clock, count
from tests.support.servers import OURS, Server, SsbServer
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.slow]
FEEDS = 100
WAYS = {
    "ebt": ("processes", True, 200),
    "history": ("processes", False, 200),
    "compact ebt": ("compact", True, 20),
    "compact history": ("compact", False, 20),
}
"""How ours runs, whether the other side has EBT, and how many messages a feed has."""
Dataset = tuple[list[str], list[dict[str, Any]]]
SYNC_LIMIT_S = 120


def make_dataset(folder: Path, per_feed: int) -> Dataset:
    subprocess.run(
        ["node", str(PEERS / "dataset.js"), str(folder), str(FEEDS), str(per_feed)], check=True
    )
    feeds = [k["id"] for k in json.loads((folder / "keys.json").read_text())]
    messages = [json.loads(line) for line in (folder / "messages.jsonl").read_text().splitlines()]
    return feeds, messages


async def follow_all(client: Driver, feeds: list[str]) -> None:
    contacts = [[{"type": "contact", "contact": feed, "following": True}] for feed in feeds]
    await client.many("publish", contacts)


@asynccontextmanager
async def full_server(server: Server, dataset: Dataset) -> AsyncIterator[Driver]:
    feeds, messages = dataset
    async with server:
        client = await server.client()
        await client.many("add", [[m["value"]] for m in messages], window=1000)
        await follow_all(client, feeds)
        yield client


async def sync(dialler: Driver, address: str, dataset: Dataset, receiver: Driver) -> float:
    """Connects, waits until the receiver has everything, and gives the seconds it took."""
    feeds, messages = dataset
    started = time.monotonic()
    await dialler.call("gossip.connect", address)

    async def complete() -> bool:
        return await count(receiver, feeds) >= len(messages)

    await until(complete, within=SYNC_LIMIT_S, every=0.2)
    return time.monotonic() - started


async def values_by_key(client: Driver, feeds: list[str]) -> dict[str, str]:
    found = {}
    for feed in feeds:
        for item in await client.collect("createUserStream", {"id": feed}):
            found[item["key"]] = json.dumps(item["value"], ensure_ascii=False)
    return found


@pytest.mark.parametrize("way", WAYS)
async def test_20000_messages_in_and_out_again(folder: Path, way: str) -> None:
    kind, ebt, per_feed = WAYS[way]
    dataset = feeds, messages = make_dataset(folder, per_feed)
    expected = {m["key"]: json.dumps(m["value"], ensure_ascii=False) for m in messages}
    async with OURS[kind](folder / "ours") as ours:
        at_ours = await ours.client()
        await follow_all(at_ours, feeds)
        async with full_server(SsbServer(folder / "full", ebt=ebt), dataset) as at_full:
            took = await sync(at_ours, at_full.remote, dataset, at_ours)
            print(f"in through {way}: {took:.1f} s")
        assert await values_by_key(at_ours, feeds) == expected

        async with SsbServer(folder / "fresh", ebt=ebt) as fresh:
            at_fresh = await fresh.client()
            await follow_all(at_fresh, feeds)
            took = await sync(at_fresh, ours.address, dataset, at_fresh)
            print(f"out through {way}: {took:.1f} s")
            held, fresh_held = await clock(at_ours), await clock(at_fresh)
            assert {f: held[f] for f in feeds} == {f: fresh_held[f] for f in feeds}
            assert await values_by_key(at_fresh, feeds) == expected
