"""Our server has a feed with a hole in it, beside real servers: they get what there is, and the rest from others."""

from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.driver import CallError
from tests.support.mesh import all_hold, contact, post, posts, running
from tests.support.servers import OURS, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
POSTS = 30
KEPT = 11


@pytest.mark.parametrize(
    ("kind", "ebt"),
    [("processes", True), ("compact", False)],
    ids=["EBT", "compact, histories"],
)
async def test_a_peer_gets_a_feed_up_to_the_hole_and_the_rest_from_others(
    folder: Path, kind: str, *, ebt: bool
) -> None:
    ours, author = OURS[kind](folder / "ours"), SsbServer(folder / "author")
    third = SsbServer(folder / "third", ebt=ebt)
    async with running(ours, author, third) as clients:
        at_ours, at_author, at_third = clients
        await contact(at_ours, author.id, following=True)
        await posts(at_author, POSTS)
        await at_ours.call("gossip.connect", author.address)
        await all_hold([at_ours], {author.id: POSTS})
        messages = await at_ours.collect("createUserStream", {"id": author.id})
        gone = messages[KEPT]["key"]
        await at_ours.call("del", gone)

        for feed in (ours.id, author.id):
            await contact(at_third, feed, following=True)
        await contact(at_ours, third.id, following=True)
        await at_third.call("gossip.connect", ours.address)
        await all_hold([at_third], {ours.id: 2, author.id: KEPT})
        await post(at_author, "live")
        await post(at_ours, "live")
        await all_hold([at_ours], {ours.id: 3, author.id: POSTS + 1, third.id: 2})
        await all_hold([at_third], {ours.id: 3, author.id: KEPT})

        await at_third.call("gossip.connect", author.address)
        await all_hold([at_third], {ours.id: 3, author.id: POSTS + 1})
        for client in (at_author, at_ours, at_third):
            await post(client, "goes on")
        await all_hold([at_ours, at_third], {ours.id: 4, author.id: POSTS + 2, third.id: 3})
        with pytest.raises(CallError, match="Key not found in database"):
            await at_ours.call("get", gone)
        left = await at_ours.collect("createUserStream", {"id": author.id, "keys": False})
        expected = [n for n in range(1, POSTS + 3) if n != KEPT + 1]
        assert [value["sequence"] for value in left] == expected


async def test_a_blocked_feed_is_deleted_and_does_not_come_back(folder: Path) -> None:
    ours, foe = OURS["processes"](folder / "ours"), SsbServer(folder / "foe")
    async with running(ours, foe) as clients:
        at_ours, at_foe = clients
        await contact(at_ours, foe.id, following=True)
        await posts(at_foe, POSTS)
        await at_ours.call("gossip.connect", foe.address)
        await all_hold([at_ours], {foe.id: POSTS})
        await at_ours.call("friendsPurge.start")
        await contact(at_ours, foe.id, following=False, blocking=True)

        async def is_gone() -> bool:
            return not await at_ours.collect("createUserStream", {"id": foe.id})

        await until(is_gone, within=60)
        for message in await at_ours.collect("createFeedStream"):
            assert message["value"]["author"] == ours.id
        await at_ours.call("friendsPurge.stop")

        await post(at_foe, "new")
        await contact(at_ours, foe.id, following=True, blocking=False)

        async def meets() -> bool:
            with suppress(CallError):  # the door hears of it a moment later
                await at_ours.call("gossip.connect", foe.address)
                return True
            return False

        await until(meets, within=60)
        await all_hold([at_ours], {foe.id: POSTS + 1})
        left = await at_ours.collect("createUserStream", {"id": foe.id, "keys": False})
        assert [value["sequence"] for value in left] == [POSTS + 1]
