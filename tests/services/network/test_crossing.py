"""Two servers dial each other at the same moment, again and again: one connection stays, the same for both."""

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bus import Node
from common.crypto import keys as identities
from common.refs import feed_id
from services.network.actor import Network
from services.network.model import CROSSING_MS, Connection, Connections, outlasts
from tests.support.network_world import Enter, Start, World, settings
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_S, until

KEYS = st.binary(min_size=32, max_size=32).map(feed_id)
PEER = identities.generate(b"\x0e" * 32)


def standing(world: World) -> list[Connection]:
    return list(world.network.exchange.connections)


async def dial(node: Node, address: str) -> dict[str, Any]:
    reply = await node.call("network", "connections.dial", address)
    value: dict[str, Any] = reply.json()
    return value


@given(KEYS, KEYS)
def test_both_ends_let_the_same_one_stay(a: Any, b: Any) -> None:
    if a == b:
        return
    for dialled in (True, False):  # as `a` sees it
        assert outlasts(a, b, dialled=dialled) == outlasts(b, a, dialled=not dialled)
    assert outlasts(a, b, dialled=True) != outlasts(a, b, dialled=False)


def test_only_what_came_up_together_has_crossed() -> None:
    connections = Connections()
    ours = Connection("network/1", PEER.id, "", True, "anonymous", "net", 1000)
    connections.add(ours)
    assert connections.rival(PEER.id, dialled=False, at=1000 + CROSSING_MS) == ours
    assert connections.rival(PEER.id, dialled=False, at=1001 + CROSSING_MS) is None
    assert connections.rival(PEER.id, dialled=True, at=1000) is None
    connections.remove(ours.name)
    connections.elsewhere["network.2/1"] = ours
    assert connections.rival(PEER.id, dialled=False, at=1000) == ours
    assert connections.with_peer(PEER.id) == ours


async def test_servers_that_dial_each_other_at_once_settle_on_one_connection(start: Start) -> None:
    a, b = await start(), await start()
    greater, lesser = (a, b) if a.keys.public > b.keys.public else (b, a)
    async with AsyncExitStack() as stack:
        node_a, node_b = [
            await stack.enter_async_context(Node("t", w.settings.endpoint, calls=["network"]))
            for w in (a, b)
        ]
        for node in (node_a, node_b):
            await node.wait_up("network", PATIENCE_S)
        crossed = 0
        for turn in range(40):
            ways = (b.address, a.address) if turn % 2 else (b.ws_address, a.ws_address)
            answers = await asyncio.gather(dial(node_a, ways[0]), dial(node_b, ways[1]))
            assert [answer["feed"] for answer in answers] == [b.keys.id, a.keys.id]
            await until(lambda: len(standing(a)) == len(standing(b)) == 1)
            (at_greater,), (at_lesser,) = standing(greater), standing(lesser)
            assert at_greater.dialled != at_lesser.dialled
            if a.network.exchange.ended["both dialled at once"] > crossed:
                crossed = a.network.exchange.ended["both dialled at once"]
                assert at_greater.dialled
            assert await dial(node_a, ways[0]) == {
                "connection": standing(a)[0].name,
                "feed": b.keys.id,
            }
            wanted = {"connection": standing(a)[0].name, "reason": "next turn"}
            await node_a.call("network", "connections.close", wanted)
            await until(lambda: not standing(a) and not standing(b))
        assert crossed


async def test_followers_hear_of_the_one_that_stays_before_the_other_goes(start: Start) -> None:
    a, b = await start(), await start()
    with a.network.exchange.follow() as at_a, b.network.exchange.follow() as at_b:
        for here, there in ((a, b), (b, a)):
            async with Node("t", here.settings.endpoint, calls=["network"]) as node:
                await node.wait_up("network", PATIENCE_S)
                await dial(node, there.address)
        await until(lambda: len(standing(a)) == len(standing(b)) == 1)
        for queue in (at_a, at_b):
            counts = [0]
            while not queue.empty():
                change = queue.get_nowait()
                assert change is not None
                counts.append(counts[-1] + (1 if change["type"] == "connected" else -1))
            assert counts[-1] == 1
            assert set(counts[1:]) <= {1, 2}


async def test_a_peer_that_comes_again_replaces_the_connection_it_lost(
    start: Start, enter: Enter
) -> None:
    world = await start()
    first = await enter(world, PEER)
    await vanish(first.writer)
    await enter(world, PEER)
    await until(lambda: len(standing(world)) == 1)
    assert any("connection lost" in reason for reason in world.network.exchange.ended)


async def test_a_peer_that_comes_again_and_lives_keeps_both(start: Start, enter: Enter) -> None:
    world = await start()
    first, second = await enter(world, PEER), await enter(world, PEER)
    await asyncio.sleep(2.5)
    assert len(standing(world)) == 2
    for peer in (first, second):
        assert isinstance(await peer.ask("manifest"), dict)


async def vanish(writer: asyncio.StreamWriter) -> None:
    """End a connection so that the other side does not hear of it, as a power cut does."""
    sock = writer.get_extra_info("socket")
    repair = 19  # TCP_REPAIR: the kernel forgets the connection without a word
    try:
        sock.setsockopt(socket.IPPROTO_TCP, repair, 1)
    except PermissionError:
        pytest.skip("needs CAP_NET_ADMIN")
    writer.transport.abort()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_what_crosses_in_two_workers_is_settled_between_them(start: Start) -> None:
    there = await start()
    shared: dict[str, Any] = {
        "workers": {"network": 2},
        "port": free_port(),
        "ws": {"port": free_port()},
    }
    here = await start(**shared)
    second = Network(settings(here.path, worker=2, **shared), here.keys)
    await second.start()
    async with (
        Node("a", here.settings.endpoint, calls=["network", "network.2"]) as node,
        Node("b", there.settings.endpoint, calls=["network"]) as other,
    ):
        await node.wait_up("network.2", PATIENCE_S)
        await other.wait_up("network", PATIENCE_S)
        await until(lambda: second.node.is_up("network") and here.network.node.is_up("network.2"))
        for _ in range(20):
            await asyncio.gather(
                node.call("network.2", "connections.dial", there.ws_address),
                other.call("network", "connections.dial", here.address),
            )

            def one() -> bool:
                ours = [*standing(here), *second.exchange.connections]
                kinds = {c.dialled for c in ours}
                theirs = {c.dialled for c in standing(there)}
                return len(kinds) == len(theirs) == 1 and kinds != theirs

            await until(one)
            for connection in standing(there):
                wanted = {"connection": connection.name, "reason": "next turn"}
                await other.call("network", "connections.close", wanted)
            await until(
                lambda: (
                    not standing(there)
                    and not standing(here)
                    and not list(second.exchange.connections)
                    and not second.exchange.connections.elsewhere
                    and not here.network.exchange.connections.elsewhere
                )
            )
    await second.stop()
