"""Services are killed at random moments while the suite syncs with ssb-server: it mends itself."""

import asyncio
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from common.refs import message_id
from tests.support.driver import PEERS, Driver
from tests.support.killing import LONGER, Killer
from tests.support.publishing import Publisher
from tests.support.servers import OurServer, SsbServer
from tests.support.waiting import until
from tests.support.wholeness import check_log, check_views, own_texts

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(300 * LONGER)]
FEEDS = 40
PER_FEED = 150
KILLS = 12
SYNC_LIMIT_S = 90
STOP_LIMIT_S = 5


def dataset(folder: Path) -> tuple[list[str], list[dict[str, Any]]]:
    script = str(PEERS / "dataset.js")
    subprocess.run(["node", script, str(folder), str(FEEDS), str(PER_FEED)], check=True)
    feeds = [k["id"] for k in json.loads((folder / "keys.json").read_text())]
    messages = [json.loads(line) for line in (folder / "messages.jsonl").read_text().splitlines()]
    return feeds, messages


async def follow_all(client: Driver, feeds: list[str]) -> None:
    contacts = [[{"type": "contact", "contact": feed, "following": True}] for feed in feeds]
    await client.many("publish", contacts)


@pytest.mark.parametrize("ebt", [True, False], ids=["ebt", "history"])
async def test_sync_completes_while_services_are_killed(folder: Path, *, ebt: bool) -> None:
    seed = int(os.environ.get("SBOT_SEED", random.randrange(1 << 32)))
    print(f"SBOT_SEED={seed}")
    feeds, messages = dataset(folder)
    async with SsbServer(folder / "full", ebt=ebt) as full:
        at_full = await full.client()
        await at_full.many("add", [[m["value"]] for m in messages], window=1000)
        await follow_all(at_full, feeds)
        async with OurServer(folder / "ours", "--seeds", full.address) as ours:
            await follow_all(await ours.client(), feeds)
            publisher = Publisher(ours, in_flight=1, pause=0.05)
            publisher.start()
            await Killer(ours, seed).kill(KILLS)
            await publisher.stop()
            await until(lambda: publisher.whole(feeds, len(messages)), within=SYNC_LIMIT_S)
    records = check_log(ours.folder)
    check_views(ours.folder)
    texts = own_texts(records, ours.id)
    assert len(set(texts)) == len(texts)
    assert set(publisher.acknowledged) <= set(texts)
    assert {m["key"] for m in messages} <= {message_id(record.key) for record in records}


async def test_stop_amid_a_sync_is_short_and_the_rest_comes_after_it(folder: Path) -> None:
    feeds, messages = dataset(folder)
    async with SsbServer(folder / "full") as full:
        at_full = await full.client()
        await at_full.many("add", [[m["value"]] for m in messages], window=1000)
        await follow_all(at_full, feeds)
        server = OurServer(folder / "ours")
        async with server:
            await follow_all(await server.client(), feeds)
            client = await server.client()
            publisher = Publisher(server, in_flight=1)
            await client.call("gossip.connect", full.address)

            async def amid() -> bool:
                clock = await publisher.ask("getVectorClock") or {}
                return bool(sum(clock.get(feed, 0) for feed in feeds) > 100)

            await until(amid, within=SYNC_LIMIT_S, every=0.01)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(server.process.wait(), 10) == 0
            assert time.monotonic() - began < STOP_LIMIT_S
        check_log(server.folder)
        async with OurServer(server.folder, "--seeds", full.address, port=server.port):
            await until(lambda: publisher.whole(feeds, len(messages)), within=SYNC_LIMIT_S)
    check_log(server.folder)
    check_views(server.folder)
