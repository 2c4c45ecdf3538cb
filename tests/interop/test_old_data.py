"""A peer dies and comes back with a folder of long ago, of which nobody was told: all catch up, nobody stalls."""

import shutil
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.driver import Driver
from tests.support.mesh import (
    all_hold,
    check_equal,
    feed_text,
    follow_each_other,
    holds,
    kill,
    post,
    posts,
    running,
)
from tests.support.servers import CompactServer, OurServer, Server, SsbServer

pytestmark = pytest.mark.interop
OLD, NEW = 10, 25
TRANSIENT = shutil.ignore_patterns("run", "socket", "manifest.json", "*.lock")
REMEMBERED = "ebt"
FORGETFUL: dict[str, tuple[type[Server], bool]] = {
    "ours": (OurServer, False),
    "ours, which remembers what peers said": (CompactServer, True),
    "theirs": (SsbServer, False),
}
"""Who comes back, and whether its memory of its peers' clocks is of today while its log is old."""


async def meet(forgetful: Server, others: Sequence[Server], at_others: Sequence[Driver]) -> Driver:
    """One is dialled by the forgetful, one dials it, and the two have each other."""
    client = await forgetful.client()
    await client.call("gossip.connect", others[0].address)
    await at_others[1].call("gossip.connect", forgetful.address)
    return client


def restore(old: Path, place: Path, *, remembers: bool) -> None:
    """Puts the old copy in place of a folder, but for what it remembers of peers when it does."""
    if remembers and (place / REMEMBERED).exists():
        shutil.rmtree(old / REMEMBERED, ignore_errors=True)
        (place / REMEMBERED).rename(old / REMEMBERED)
    shutil.rmtree(place)
    shutil.copytree(old, place)


@pytest.mark.parametrize("kind", FORGETFUL)
async def test_who_comes_back_with_old_data_catches_up(folder: Path, kind: str) -> None:
    server, remembers = FORGETFUL[kind]
    forgetful = server(folder / "forgetful")
    others = [CompactServer(folder / "ours"), SsbServer(folder / "theirs")]
    async with AsyncExitStack() as stack:
        at_others = await stack.enter_async_context(running(*others))
        await forgetful.start()
        stack.push_async_callback(forgetful.stop)
        client = await forgetful.client()
        await follow_each_other([client, *at_others], [forgetful, *others])
        ids = [each.id for each in others]
        for other in at_others:
            await posts(other, OLD)
        await at_others[0].call("gossip.connect", others[1].address)
        await meet(forgetful, others, at_others)
        old = {**dict.fromkeys(ids, OLD + 2), forgetful.id: 2}
        await all_hold([client, *at_others], old)

        await forgetful.stop()
        shutil.copytree(forgetful.folder, folder / "old", ignore=TRANSIENT)
        await forgetful.start()
        client = await meet(forgetful, others, at_others)
        for other in at_others:
            await posts(other, NEW)
        new = {**dict.fromkeys(ids, OLD + NEW + 2), forgetful.id: 2}
        await all_hold([client, *at_others], new)

        await kill(forgetful)
        restore(folder / "old", forgetful.folder, remembers=remembers)
        await forgetful.start()
        client = await meet(forgetful, others, at_others)
        await all_hold([client, *at_others], new)
        for other in at_others:
            await post(other, "live again")
        await all_hold([client, *at_others], dict.fromkeys(ids, OLD + NEW + 3))
        await check_equal([client, *at_others], [*ids, forgetful.id])


async def test_an_ssb_server_that_remembers_more_of_us_sends_again(folder: Path) -> None:
    """It believes its memory before our word, unless it hears a refusal first; and there is nobody else to ask."""
    ours, theirs = CompactServer(folder / "ours"), SsbServer(folder / "theirs")
    async with running(ours, theirs) as clients:
        await follow_each_other(clients, [ours, theirs])
        await clients[0].call("gossip.connect", theirs.address)
        await all_hold(clients, {ours.id: 1, theirs.id: 1})
        await ours.stop()
        shutil.copytree(ours.folder, folder / "old", ignore=TRANSIENT)
        for _ in range(2):
            await ours.start()
            client = await ours.client()
            await client.call("gossip.connect", theirs.address)
            await posts(clients[1], OLD)
            await holds(client, {theirs.id: len(await feed_text(clients[1], theirs.id))})
            await kill(ours)
        shutil.rmtree(ours.folder)
        shutil.copytree(folder / "old", ours.folder)
        await ours.start()
        client = await ours.client()
        await client.call("gossip.connect", theirs.address)
        await holds(client, {theirs.id: 1 + 2 * OLD})
        await post(clients[1], "live")
        await holds(client, {theirs.id: 2 + 2 * OLD})
