"""Blocks, between ours and npm's ssb-server: who is blocked is not let in and gets nothing, at any time, until it is over."""

from pathlib import Path

import pytest

from tests.support.driver import CallError, Driver
from tests.support.mesh import (
    CALM_S,
    all_hold,
    contact,
    follow_each_other,
    holds,
    post,
    posts,
    running,
)
from tests.support.replicas import clock
from tests.support.servers import OURS, Server, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
POSTS = 5


async def refused(client: Driver, address: str) -> bool:
    """Whether a dial fails."""
    try:
        await client.call("gossip.connect", address)
    except CallError:
        return True
    return False


async def is_connected(client: Driver, other: str) -> bool:
    peers = await client.call("gossip.peers")
    return any(each["key"] == other and each.get("state") == "connected" for each in peers)


@pytest.mark.parametrize("kind", OURS)
async def test_who_is_blocked_while_connected_is_cut_off_until_unblocked(
    folder: Path, kind: str
) -> None:
    ours, theirs = OURS[kind](folder / "ours"), SsbServer(folder / "theirs")
    async with running(ours, theirs) as clients:
        at_ours, at_theirs = clients
        await follow_each_other(clients, [ours, theirs])
        await at_theirs.call("gossip.connect", ours.address)
        await all_hold(clients, {ours.id: 1, theirs.id: 1})

        await contact(at_ours, theirs.id, blocking=True)

        async def cut_off() -> bool:
            return not await is_connected(at_theirs, ours.id)

        await until(cut_off, within=CALM_S)
        had = (await clock(at_theirs))[ours.id]
        assert await refused(at_theirs, ours.address)
        assert await refused(at_ours, theirs.address)
        await posts(at_ours, POSTS)
        await posts(at_theirs, POSTS)
        assert (await clock(at_theirs))[ours.id] == had
        assert (await clock(at_ours))[theirs.id] == 1

        await contact(at_ours, theirs.id, following=True)
        await at_theirs.call("gossip.connect", ours.address)
        await all_hold(clients, {ours.id: 3 + POSTS, theirs.id: 1 + POSTS})
        await post(at_ours, "live")
        await holds(at_theirs, {ours.id: 4 + POSTS})


@pytest.mark.parametrize("blocker", ["ours", "theirs"])
async def test_in_the_middle_ours_gives_nobody_what_its_author_keeps_from_them(
    folder: Path, blocker: str
) -> None:
    """The author and the blocked one never meet; the middle follows both, and other feeds go on."""
    middle = OURS["processes"](folder / "middle")
    kind = OURS["compact"] if blocker == "ours" else SsbServer
    author: Server = kind(folder / "author")
    blocked = SsbServer(folder / "blocked")
    servers = [author, middle, blocked]
    async with running(*servers) as clients:
        at_author, at_middle, at_blocked = clients
        await follow_each_other(clients, servers)
        await at_author.call("gossip.connect", middle.address)
        await at_blocked.call("gossip.connect", middle.address)
        await all_hold(clients, dict.fromkeys([author.id, middle.id, blocked.id], 2))

        await contact(at_author, blocked.id, blocking=True)
        await holds(at_middle, {author.id: 3})
        edge = {"source": author.id, "dest": blocked.id}

        async def heard() -> bool:
            return bool(await at_middle.call("friends.isBlocking", edge))

        await until(heard, within=CALM_S)
        await post(at_middle, "what was on its way has come")
        await holds(at_blocked, {middle.id: 3})
        # The message that blocks may have gone out before it was folded, as in ssb-ebt.
        had = (await clock(at_blocked))[author.id]
        assert had <= 3
        await posts(at_author, POSTS)
        await holds(at_middle, {author.id: 3 + POSTS})
        await post(at_middle, "the session goes on")
        await holds(at_blocked, {middle.id: 4})
        assert (await clock(at_blocked))[author.id] == had

        await at_blocked.call("gossip.disconnect", middle.id)
        await at_blocked.call("gossip.connect", middle.address)
        await post(at_middle, "the next session")
        await holds(at_blocked, {middle.id: 5})
        assert (await clock(at_blocked))[author.id] == had

        await contact(at_author, blocked.id, blocking=False)
        await holds(at_middle, {author.id: 4 + POSTS})
        await holds(at_blocked, {author.id: 4 + POSTS})


async def test_ours_is_blocked_by_theirs_and_let_in_again(folder: Path) -> None:
    ours, theirs = OURS["compact"](folder / "ours"), SsbServer(folder / "theirs")
    async with running(ours, theirs) as clients:
        at_ours, at_theirs = clients
        await follow_each_other(clients, [ours, theirs])
        await at_ours.call("gossip.connect", theirs.address)
        await all_hold(clients, {ours.id: 1, theirs.id: 1})

        # ssb-server 16 ends the EBT session, and the connection only if it dialled itself.
        await contact(at_theirs, ours.id, blocking=True)
        await posts(at_theirs, POSTS)
        await at_ours.call("gossip.disconnect", theirs.id)
        assert await refused(at_ours, theirs.address)
        assert (await clock(at_ours))[theirs.id] <= 2
        await contact(at_theirs, ours.id, following=True)

        async def let_in() -> bool:
            return not await refused(at_ours, theirs.address)

        await until(let_in, within=CALM_S, every=0.5)
        await all_hold(clients, {ours.id: 1, theirs.id: 3 + POSTS})
