"""The firewall at the door: whom our feed blocks, whom it does not know, and rules that change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from common.bus import BusError, Call, CallerError, Method, Node
from common.crypto import keys as identities
from common.wire.errors import HandshakeError
from tests.support.network_world import Enter, Start, World
from tests.support.waiting import PATIENCE_S, until

FRIEND = identities.generate(b"\x0a" * 32)
STRANGER = identities.generate(b"\x0b" * 32)
ADMIN = identities.generate(b"\x0c" * 32)
REJECT_UNKNOWN = {"conn": {"firewall": {"rejectBlocked": True, "rejectUnknown": True}}}


async def admits(call: Call) -> object:
    return {"admitted": call.args == [{"feed": FRIEND.id}]}


PEERS = {"peers": {"firewall.admits": Method("async", admits, muxrpc=False)}}


@asynccontextmanager
async def caller(world: World) -> AsyncIterator[Node]:
    async with Node("tester", world.settings.endpoint, calls=["network"]) as node:
        await node.wait_up("network", PATIENCE_S)
        yield node


async def ended(world: World, reason: str) -> None:
    await until(lambda: any(reason in one for one in world.network.exchange.ended))


async def test_strangers_are_refused_and_friends_are_not(start: Start, enter: Enter) -> None:
    world = await start(PEERS, master=[ADMIN.id], **REJECT_UNKNOWN)
    with pytest.raises(HandshakeError):
        await enter(world, STRANGER)
    await ended(world, "client is a stranger")
    for keys in (FRIEND, ADMIN, world.keys, None):
        assert await (await enter(world, keys)).ask("manifest")


async def test_where_nobody_can_be_asked_nobody_unknown_comes_in(
    start: Start, enter: Enter
) -> None:
    world = await start(**REJECT_UNKNOWN)
    with pytest.raises(HandshakeError):
        await enter(world, FRIEND)
    await ended(world, "client is a stranger")
    assert await (await enter(world, world.keys)).ask("manifest")


async def test_a_stranger_that_left_while_it_was_asked_about_is_no_harm(
    start: Start, enter: Enter
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(call: Call) -> object:
        asked.set()
        await answer.wait()
        return {"admitted": bool(call.args)}

    peers = {"peers": {"firewall.admits": Method("async", slow, muxrpc=False)}}
    world = await start(peers, **REJECT_UNKNOWN)
    entering = asyncio.ensure_future(enter(world, STRANGER))
    await asyncio.wait_for(asked.wait(), PATIENCE_S)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    answer.set()
    await until(
        lambda: (
            not world.network.doorway.admission.under_way
            and not list(world.network.exchange.connections)
        )
    )


async def test_the_rules_can_be_changed(start: Start, enter: Enter) -> None:
    world = await start(PEERS)
    await world.judge(STRANGER.id, -1)
    async with caller(world) as node:

        async def rules(*, blocked: bool, unknown: bool) -> None:
            wanted = {"rejectBlocked": blocked, "rejectUnknown": unknown}
            await node.call("network", "connections.firewall", wanted)

        with pytest.raises(HandshakeError):
            await enter(world, STRANGER)
        await rules(blocked=False, unknown=False)
        peer = await enter(world, STRANGER)
        assert await peer.ask("manifest")
        friend = await enter(world, FRIEND)
        await world.judge(FRIEND.id, -1)
        assert await friend.ask("manifest")
        await rules(blocked=True, unknown=False)
        await peer.gone()
        await friend.gone()
        await world.judge(STRANGER.id, 0)
        await rules(blocked=True, unknown=True)
        with pytest.raises(HandshakeError):
            await enter(world, STRANGER)
        await ended(world, "client is a stranger")


@pytest.mark.parametrize("wanted", [None, {}, {"rejectBlocked": True}, {"rejectBlocked": 1}])
async def test_rules_that_are_none_are_refused(start: Start, wanted: Any) -> None:
    async with caller(await start()) as node:
        with pytest.raises(CallerError):
            await node.call("network", "connections.firewall", wanted)
        with pytest.raises(BusError):
            await node.call("network", "connections.firewall")
