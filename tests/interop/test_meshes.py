"""Meshes of ours and npm's ssb-server: whoever publishes, all end with the same logs."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.support.driver import Driver
from tests.support.mesh import all_hold, check_equal, follow_each_other, post, posts, running
from tests.support.servers import CompactServer, OurServer, Server, SsbServer

pytestmark = pytest.mark.interop
MESHES: dict[str, list[type[Server]]] = {
    "three": [OurServer, SsbServer, CompactServer],
    "three, theirs more": [SsbServer, OurServer, SsbServer],
    "five": [OurServer, SsbServer, CompactServer, SsbServer, CompactServer],
}
POSTS = 12
PAUSE_S = 0.1


async def dial(clients: list[Driver], servers: list[Server], order: random.Random) -> None:
    """Every two of them, each pair from one side, in an order and with pauses that a seed decides."""
    pairs = [(a, b) for a in range(len(servers)) for b in range(a)]
    order.shuffle(pairs)
    for pair in pairs:
        dialler, listener = order.sample(pair, 2)
        await clients[dialler].call("gossip.connect", servers[listener].address)
        await asyncio.sleep(order.uniform(0, PAUSE_S))


@pytest.mark.parametrize("mesh", MESHES)
async def test_all_end_with_the_same_logs_and_hear_what_is_new(folder: Path, mesh: str) -> None:
    seed = int(os.environ.get("SBOT_SEED", random.randrange(1 << 32)))
    print(f"SBOT_SEED={seed}")
    servers = [kind(folder / f"s{n}") for n, kind in enumerate(MESHES[mesh])]
    async with running(*servers) as clients:
        await follow_each_other(clients, servers)
        publishing = [asyncio.create_task(posts(each, POSTS, PAUSE_S)) for each in clients]
        await dial(clients, servers, random.Random(seed))
        await asyncio.gather(*publishing)
        feeds = [each.id for each in servers]
        told = POSTS + len(servers) - 1
        await all_hold(clients, dict.fromkeys(feeds, told))

        for client in clients:
            await post(client, "live")
        await all_hold(clients, dict.fromkeys(feeds, told + 1))
        await check_equal(clients, feeds)
