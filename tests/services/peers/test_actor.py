"""The whole service beside a real network service, dialling a second pair of the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Call, Method, Node
from common.crypto import keys as identities
from services.network.actor import Network
from services.peers.actor import Peers
from services.peers.model import Peer
from tests.support.network_world import settings


class Pair:
    """A network and a peers service of one identity, and a node that calls them."""

    def __init__(self, network: Network, peers: Peers, node: Node, path: Path) -> None:
        self.network, self.peers, self.node, self.path = network, peers, node, path

    @property
    def id(self) -> str:
        return self.peers.book.own

    @property
    def address(self) -> str:
        place = self.network.listening.places[0]
        return f"net:127.0.0.1:{place.port}~shs:{self.network.listening.key}"

    async def ask(self, method: str, *args: object) -> Any:
        return (await self.node.call("peers", method, *args)).json()

    async def until(self, holds: Callable[[Peer], bool], key: str) -> Peer:
        async with asyncio.timeout(10):
            while True:
                peer = self.peers.book.get(key)
                if peer is not None and holds(peer):
                    return peer
                await asyncio.sleep(0.01)


Start = Callable[..., Awaitable[Pair]]


async def edges(call: Call) -> None:
    await call.send([b'{"sync":true}'])
    await asyncio.Event().wait()


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        count = 0

        async def go(**more: Any) -> Pair:
            nonlocal count
            count += 1
            path = tmp_path / str(count)
            (path / "run").mkdir(parents=True, mode=0o700)
            chosen = settings(path, **more)
            keys = identities.generate(bytes([count]) * 32)
            graph = {"graph.edges": Method("source", edges, muxrpc=False)}
            await stack.enter_async_context(Node("indexing", chosen.endpoint, graph))
            network = Network(chosen, keys)
            await network.start()
            stack.push_async_callback(network.stop)
            peers = Peers(chosen, keys.id, chance=lambda: 1.0)
            await peers.start()
            stack.push_async_callback(peers.stop)
            node = Node("tester", chosen.endpoint, calls=["peers", "network"])
            await stack.enter_async_context(node)
            await node.wait_up("peers", 5)
            await network.node.wait_up("peers", 5)
            return Pair(network, peers, node, path)

        yield go


def connected(peer: Peer) -> bool:
    return peer.state == "connected"


async def test_seeds_are_dialled_pinged_and_dialled_again(start: Start) -> None:
    there = await start()
    here = await start(seeds=["rubbish", there.address])
    peer = await here.until(connected, there.id)
    peer = await here.until(lambda p: p.ping is not None and p.ping.rtt.count > 0, there.id)
    assert (peer.source, peer.client) == ("seed", True)
    [link] = there.network.exchange.connections
    there.network.exchange.close_feed(link.feed, "test")
    await here.until(lambda p: p.state is None, there.id)
    await here.until(connected, there.id)


async def test_gossip_connect_takes_addresses_and_known_ids(start: Start) -> None:
    here, there = await start(), await start()
    with pytest.raises(
        BusError, match=f"^no known address for peer:{there.id}$".replace("+", "\\+")
    ):
        await here.ask("gossip.connect", there.id)
    answer = await here.ask("gossip.connect", there.address)
    assert answer["id"] == there.id
    assert (await here.ask("gossip.connect", there.id))["stream"]["address"] == there.address
    [shown] = await here.ask("gossip.peers")
    assert (shown["state"], shown["source"], shown["client"]) == ("connected", "manual", True)
    assert await there.ask("gossip.peers") == []
    assert await here.ask("gossip.connect", here.address) is None
    health = await here.ask("health")
    assert health["state"] == {"known": 1, "connected": 1}


@pytest.mark.parametrize(
    ("method", "args", "text"),
    [
        ("gossip.connect", [], "address, or peer id must be provided"),
        ("gossip.connect", [""], "address, or peer id must be provided"),
        ("gossip.connect", ["foo"], "first param must be an address"),
        ("gossip.disconnect", ["foo"], "must provide id"),
        ("gossip.disconnect", [{"key": "foo"}], "must provide id"),
        ("conn.connect", ["foo bar"], "not a valid multiserver-address"),
        ("conn.connect", [], "not a valid multiserver-address"),
        ("conn.connect", ["net:a:1"], "names no peer"),
        ("conn.disconnect", [5], "not a valid multiserver-address"),
    ],
)
async def test_bad_arguments_are_told(
    start: Start, method: str, args: list[object], text: str
) -> None:
    here = await start()
    with pytest.raises(BusError, match=text):
        await here.ask(method, *args)


async def test_conn_connects_and_disconnects(start: Start) -> None:
    here, there = await start(), await start()
    assert await here.ask("conn.disconnect", there.address) is False
    assert (await here.ask("conn.connect", there.address))["id"] == there.id
    assert await here.ask("conn.disconnect", there.address) is True
    peer = await here.until(lambda p: p.state is None, there.id)
    assert not peer.wanted
    assert await here.ask("gossip.connect", there.id)
    await here.until(connected, there.id)
    assert await here.ask("gossip.disconnect", {"key": there.id}) is None
    await here.until(lambda p: p.state is None, there.id)
    assert await here.ask("gossip.disconnect", there.address) is None


async def test_a_dial_that_fails_is_told_and_put_off(start: Start) -> None:
    here, there = await start(), await start()
    address = there.address
    await there.network.stop()
    with pytest.raises(BusError, match="could not connect"):
        await here.ask("gossip.connect", address)
    peer = await here.until(lambda p: p.failure >= 1, there.id)
    assert peer.error is not None
    assert peer.next_dial > 0
    await here.until(lambda p: p.failure >= 2, there.id)


async def test_connections_are_lost_with_the_network(start: Start) -> None:
    here, there = await start(), await start()
    await here.ask("gossip.connect", there.address)
    await here.network.stop()
    await here.until(lambda p: not p.connections and p.state is None, there.id)


async def test_ping_answers_numbers_and_refuses_the_rest(start: Start) -> None:
    here = await start()
    stream = here.node.duplex("peers", "gossip.ping", {"timeout": 1})
    await stream.send([b"17"])
    async for batch in stream:
        assert batch.json()[0] > 1_500_000_000_000
        break
    for bad in (b'"x"', b"{"):
        await stream.send([bad])
        with pytest.raises(BusError, match="must be a number"):
            async for _ in stream:
                pass
        stream = here.node.duplex("peers", "gossip.ping", {"timeout": 1})


async def test_ping_serves_again_after_the_pause(start: Start) -> None:
    here = await start()
    here.peers.pause_ms = 50
    async with here.node.duplex("peers", "gossip.ping") as stream:
        await stream.send([b"1"])
        stamps: list[int] = []
        async for batch in stream:
            stamps += batch.json()
            if len(stamps) == 2:
                break
    assert stamps[1] - stamps[0] >= 40
