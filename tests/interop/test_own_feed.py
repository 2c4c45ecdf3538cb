"""Our own feed after a loss, beside ssb-server that has it: nothing is published before it is back, then no fork."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import CallError, Driver
from tests.support.killing import kill_all
from tests.support.replicas import clock
from tests.support.servers import OURS, OurServer, SsbServer
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.timeout(240)]
BACK_LIMIT_S = 60
QUICK = ("--ownFeed.wait", "1000")
POST = {"type": "post", "text": "still here"}
FIRST, LATER = 40, 25


async def publish(client: Driver, count: int) -> None:
    for n in range(count):
        await client.call("publish", {"type": "post", "text": f"{n}"})


async def has(client: Driver, feed: str, count: int) -> bool:
    return (await clock(client)).get(feed, 0) == count


async def meet(here: Driver, there: SsbServer) -> None:
    await here.call("gossip.connect", there.address)


async def refusal(client: Driver) -> str:
    with pytest.raises(CallError) as refused:
        await client.call("publish", POST)
    return str(refused.value)


async def is_open(client: Driver) -> bool:
    status = await client.call("status")
    return not status["services"]["storage"]["own"]["locked"]


def wipe(folder: Path, _: Path) -> None:
    """The database is gone, the secret is there."""
    shutil.rmtree(folder / "scuttlebot")


def restore(folder: Path, copy: Path) -> None:
    """The folder is an old copy of itself."""
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)


def overwrite(folder: Path, copy: Path) -> None:
    """An old copy was put over the log, in place."""
    shutil.rmtree(folder / "scuttlebot" / "log")
    shutil.copytree(copy, folder, dirs_exist_ok=True)


@pytest.mark.parametrize(
    ("kind", "lose", "ebt"),
    [(kind, lose, True) for kind in OURS for lose in (wipe, restore, overwrite)]
    + [("processes", restore, False)],
)
async def test_feed_comes_back_before_anything_is_published(
    folder: Path, kind: str, lose: Any, *, ebt: bool
) -> None:
    copy = folder / "copy"
    async with SsbServer(folder / "theirs", ebt=ebt) as theirs:
        at_theirs = await theirs.client()
        ours = OURS[kind](folder / "ours", *QUICK)
        async with ours:
            own = ours.id
            await at_theirs.call("publish", {"type": "contact", "contact": own, "following": True})
            await publish(await ours.client(), FIRST)
        shutil.copytree(ours.folder, copy, ignore=_SOCKETS)
        async with OURS[kind](ours.folder, *QUICK, port=ours.port) as server:
            client = await server.client()
            await publish(client, LATER)
            await meet(client, theirs)
            await until(lambda: has(at_theirs, own, FIRST + LATER), within=BACK_LIMIT_S)
            await kill_all(server)
        lose(ours.folder, copy)

        async with OURS[kind](ours.folder, *QUICK, port=ours.port) as server:
            client = await server.client()
            assert "our own feed is locked" in await refusal(client)
            assert "--force" in await refusal(client)
            await meet(client, theirs)
            await until(lambda: is_open(client), within=BACK_LIMIT_S)
            item = await client.call("publish", POST)
            assert item["value"]["sequence"] == FIRST + LATER + 1
            await until(lambda: has(at_theirs, own, FIRST + LATER + 1), within=BACK_LIMIT_S)
            assert await client.collect("forks.list") == []
        async with OURS[kind](ours.folder, *QUICK, port=ours.port) as server:
            again = await (await server.client()).call("publish", POST)
            assert again["value"]["sequence"] == FIRST + LATER + 2


async def test_forced_fork_is_seen_and_locks_until_it_is_accepted(folder: Path) -> None:
    async with SsbServer(folder / "theirs") as theirs:
        at_theirs = await theirs.client()
        async with OurServer(folder / "ours", *QUICK) as ours:
            own = ours.id
            client = await ours.client()
            await at_theirs.call("publish", {"type": "contact", "contact": own, "following": True})
            await publish(client, 5)
            await meet(client, theirs)
            await until(lambda: has(at_theirs, own, 5), within=BACK_LIMIT_S)
        wipe(ours.folder, folder)
        async with OurServer(ours.folder, *QUICK, "--force", port=ours.port) as server:
            client = await server.client()
            await client.call("publish", POST)
            await meet(client, theirs)

            async def forked() -> bool:
                status = await client.call("status")
                return bool(status["services"]["storage"]["state"] == "own feed forked")

            await until(forked, within=BACK_LIMIT_S)
            assert "it has forked at sequence 1" in await refusal(client)
            [fork] = await client.collect("forks.list")
            assert (fork["feed"], fork["peers"]) == (own, [theirs.id])
            shown = await client.call("forks.get", own)
            assert [one["value"]["author"] for one in shown["messages"]] == [own, own]
        async with OurServer(ours.folder, *QUICK, "--force", port=ours.port) as server:
            client = await server.client()
            assert "it has forked at sequence 1" in await refusal(client), "force is not enough"
            await client.call("forks.accept", own)
            assert (await client.call("publish", POST))["value"]["sequence"] == 2


async def test_nobody_who_knows_us_leaves_it_locked(folder: Path) -> None:
    async with OurServer(folder / "ours", *QUICK) as ours:
        await publish(await ours.client(), 2)
    restore(folder / "ours", shutil.copytree(ours.folder, folder / "copy", ignore=_SOCKETS))
    async with OurServer(ours.folder, *QUICK, port=ours.port) as server:
        client = await server.client()
        await asyncio.sleep(2)
        status = await client.call("status")
        storage = status["services"]["storage"]
        assert storage["state"] == "own feed incomplete"
        assert "0 of 1 peers have confirmed" in storage["why"]
        assert "--force" in storage["why"]
    async with OurServer(ours.folder, "--force", port=ours.port) as server:
        item = await (await server.client()).call("publish", POST)
        assert item["value"]["sequence"] == 3


_SOCKETS = shutil.ignore_patterns("run", "socket", "lock")
