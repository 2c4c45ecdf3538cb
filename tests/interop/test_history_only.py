"""A peer without EBT, who speaks createHistoryStream alone: both directions, and what is new afterwards."""

from pathlib import Path

import pytest

from tests.support.mesh import (
    all_hold,
    check_equal,
    contact,
    follow_each_other,
    post,
    posts,
    running,
)
from tests.support.servers import OURS, SsbServer

pytestmark = pytest.mark.interop
POSTS = 30


@pytest.mark.parametrize(
    ("kind", "we_dial"),
    [("processes", True), ("compact", False)],
    ids=["we dial", "compact, they dial"],
)
async def test_histories_go_both_ways_and_stay_open(
    folder: Path, kind: str, *, we_dial: bool
) -> None:
    ours, plain = OURS[kind](folder / "ours"), SsbServer(folder / "plain", ebt=False)
    async with running(ours, plain) as clients:
        at_ours, at_plain = clients
        await follow_each_other(clients, [ours, plain])
        for client in clients:
            await posts(client, POSTS)
        if we_dial:
            await at_ours.call("gossip.connect", plain.address)
        else:
            await at_plain.call("gossip.connect", ours.address)
        await all_hold(clients, {ours.id: POSTS + 1, plain.id: POSTS + 1})

        for n in range(1, 4):
            for client in clients:
                await post(client, "after the first sync")
            await all_hold(clients, {ours.id: POSTS + 1 + n, plain.id: POSTS + 1 + n})
        await check_equal(clients, [ours.id, plain.id])


async def test_a_feed_that_is_followed_later_comes_too(folder: Path) -> None:
    """The middle speaks EBT to one side and histories to the other; a third is followed while all is open."""
    ours, plain = OURS["compact"](folder / "ours"), SsbServer(folder / "plain", ebt=False)
    third = SsbServer(folder / "third")
    async with running(ours, plain, third) as clients:
        at_ours, at_plain, at_third = clients
        await follow_each_other(clients[:2], [ours, plain])
        await posts(at_third, POSTS)
        await at_ours.call("gossip.connect", plain.address)
        await at_ours.call("gossip.connect", third.address)
        await all_hold(clients[:2], {ours.id: 1, plain.id: 1})

        await contact(at_plain, third.id, following=True)
        await all_hold(clients[:2], {plain.id: 2, third.id: POSTS})
        await contact(at_third, plain.id, following=True)
        await all_hold(clients, {plain.id: 2, third.id: POSTS + 1})
        for client in (at_plain, at_third):
            await post(client, "live")
        await all_hold(clients, {plain.id: 3, third.id: POSTS + 2})
