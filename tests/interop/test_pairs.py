"""Ours and npm's ssb-server in pairs: what one has, the other gets, whoever dials."""

import asyncio
from pathlib import Path

import pytest

from tests.support.driver import Driver
from tests.support.replicas import clock, log
from tests.support.servers import CompactServer, OurServer, Server, SsbServer, WorkersServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
KINDS: dict[str, type[Server]] = {
    "ours": OurServer,
    "compact": CompactServer,
    "workers": WorkersServer,
    "theirs": SsbServer,
}
LIVE_LIMIT_S = 2
MEET_LIMIT_S = 60


async def publish_and_follow(client: Driver, other: str, name: str) -> None:
    await client.call("publish", {"type": "contact", "contact": other, "following": True})
    for n in range(5):
        await client.call(
            "publish", {"type": "post", "text": f"{name} says {n}: naïve 🦀 \u2028 1.5"}
        )


@pytest.mark.parametrize(
    ("dialler", "listener"),
    [
        ("ours", "theirs"),
        ("theirs", "ours"),
        ("ours", "ours"),
        ("compact", "theirs"),
        ("theirs", "compact"),
        ("compact", "ours"),
        ("workers", "theirs"),
        ("theirs", "workers"),
        ("workers", "workers"),
        ("theirs", "theirs"),
    ],
)
async def test_mutual_follows_bring_every_message_to_both(
    folder: Path, dialler: str, listener: str
) -> None:
    async with KINDS[dialler](folder / "a") as a, KINDS[listener](folder / "b") as b:
        at_a, at_b = await a.client(), await b.client()
        await publish_and_follow(at_a, b.id, "a")
        await publish_and_follow(at_b, a.id, "b")

        await at_a.call("gossip.connect", b.address)

        async def same() -> bool:
            held = await clock(at_a)
            return held == await clock(at_b) == {a.id: 6, b.id: 6}

        await until(same, within=MEET_LIMIT_S)
        assert await log(at_a) == await log(at_b)

        for here, there in ((at_a, at_b), (at_b, at_a)):
            follows = asyncio.Event()
            live = asyncio.create_task(next_live(there, follows))
            await asyncio.wait_for(follows.wait(), MEET_LIMIT_S)
            sent = await here.call("publish", {"type": "post", "text": "live"})
            assert await asyncio.wait_for(live, LIVE_LIMIT_S) == sent["key"]


async def next_live(client: Driver, follows: asyncio.Event) -> str:
    """The first message that comes when all old ones have been given, which is told."""
    options = {"live": True, "sync": True, "keys": True, "values": True}
    async for item in client.source("createLogStream", options):
        if follows.is_set():
            return str(item["key"])
        if item == {"sync": True}:
            follows.set()
    raise AssertionError
