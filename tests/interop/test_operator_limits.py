"""Limits that an operator sets, against a real ssb-server that has more: they hold, and nobody stalls."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import Driver
from tests.support.mesh import CALM_S, contact, follow_each_other, holds, posts, running
from tests.support.servers import CompactServer, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
N_POSTS = 40


async def replication(client: Driver) -> dict[str, Any]:
    """What our replication says of itself."""
    status = await client.call("status")
    state: dict[str, Any] = status["services"]["replication"]
    return state


async def test_a_feed_is_taken_up_to_its_limit_and_others_as_far_as_there_is_room(
    folder: Path,
) -> None:
    flags = ("--replication.maxMessagesPerFeed", "10", "--replication.maxFeeds", "2")
    servers = [CompactServer(folder / "ours", *flags), SsbServer(folder / "theirs")]
    async with running(*servers) as (ours, theirs):
        await posts(theirs, N_POSTS)
        stranger = "@" + "B" * 42 + "A=.ed25519"
        await contact(theirs, stranger, following=True)
        await follow_each_other([ours, theirs], servers)
        await posts(ours, 12)
        await ours.call("gossip.connect", servers[1].address)
        await holds(ours, {servers[1].id: 10, servers[0].id: 13})
        await holds(theirs, {servers[0].id: 13})
        state = await replication(ours)
        assert (state["wanted"], state["refused"]) == (2, {})


async def test_a_peer_that_used_up_its_bytes_is_served_in_the_next_windows(folder: Path) -> None:
    flags = ("--replication.maxPeerBytes", "6000", "--replication.peerBytesWindow", "2000")
    servers = [CompactServer(folder / "ours", *flags), SsbServer(folder / "theirs")]
    async with running(*servers) as (ours, theirs):
        await posts(theirs, N_POSTS)
        await follow_each_other([ours, theirs], servers)
        await posts(ours, N_POSTS)
        await ours.call("gossip.connect", servers[1].address)
        both = {server.id: N_POSTS + 1 for server in servers}
        await holds(ours, both)
        await holds(theirs, both)

        async def was_held_back() -> bool:
            refused = (await replication(ours))["refused"]
            return int(refused.get("bytes of a peer used up", 0)) >= 2

        await until(was_held_back, within=CALM_S)
