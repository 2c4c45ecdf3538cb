"""The whole service beside a real network service, dialling a second pair of the same."""

import asyncio
import json
import re
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Call, Method, Node
from common.crypto import keys as identities
from common.runtime import sources
from common.runtime.settings import Settings
from services.network.actor import Network
from services.peers.actor import Peers
from services.peers.model.hub import Contact
from tests.support.network_world import settings

DEFAULTS = tomllib.loads(sources.data_file("defaults.toml").read_text())


def chosen(path: Path, **more: Any) -> Settings:
    sections = {name: DEFAULTS[name] | more.pop(name, {}) for name in ("conn", "gossip")}
    return settings(path, **sections, **more)


class Pair:
    """A network and a peers service of one identity, and a node that calls them."""

    def __init__(self, network: Network, peers: Peers, node: Node, path: Path) -> None:
        self.network, self.peers, self.node, self.path = network, peers, node, path

    @property
    def id(self) -> str:
        return self.peers.pools.own

    @property
    def address(self) -> str:
        place = self.network.listening.places[0]
        return f"net:127.0.0.1:{place.port}~shs:{self.network.listening.key}"

    async def ask(self, method: str, *args: object) -> Any:
        return (await self.node.call("peers", method, *args)).json()

    async def until(self, holds: Callable[[dict[str, Any]], bool], key: str) -> dict[str, Any]:
        """What `gossip.get` shows once it is so."""
        async with asyncio.timeout(30):
            while True:
                shown: dict[str, Any] = await self.ask("gossip.get", key) or {}
                if holds(shown):
                    return shown
                await asyncio.sleep(0.01)

    def contact(self, key: str) -> Contact:
        found = self.peers.pools.hub.with_key(key)
        assert found is not None
        return found


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
            wanted = chosen(path, **more)
            keys = identities.generate(bytes([count]) * 32)
            graph = {"graph.edges": Method("source", edges, muxrpc=False)}
            await stack.enter_async_context(Node("indexing", wanted.endpoint, graph))
            network = Network(wanted, keys)
            await network.start()
            stack.push_async_callback(network.stop)
            peers = Peers(wanted, keys.id, chance=lambda: 1.0)
            await peers.start()
            stack.push_async_callback(peers.stop)
            node = Node("tester", wanted.endpoint, calls=["peers", "network"])
            await stack.enter_async_context(node)
            await node.wait_up("peers", 5)
            await network.node.wait_up("peers", 5)
            return Pair(network, peers, node, path)

        yield go


def connected(shown: dict[str, Any]) -> bool:
    return shown.get("state") == "connected"


def apart(shown: dict[str, Any]) -> bool:
    return "state" not in shown


async def test_seeds_are_dialled_pinged_and_dialled_again(start: Start) -> None:
    there = await start()
    here = await start(seeds=["rubbish", there.address])
    shown = await here.until(connected, there.id)
    shown = await here.until(lambda p: p.get("ping", {}).get("rtt", {}).get("count"), there.id)
    assert (shown["source"], shown["client"]) == ("seed", True)
    [link] = there.network.exchange.connections
    there.network.exchange.close_feed(link.feed, "test")
    await here.until(apart, there.id)
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
    state = (await here.ask("health"))["state"]
    assert (state["known"], state["connected"]) == (1, 1)
    assert state["gossip"][there.id]["state"] == "connected"


@pytest.mark.parametrize(
    ("method", "args", "text"),
    [
        ("gossip.connect", [], "address, or peer id must be provided"),
        ("gossip.connect", [""], "address, or peer id must be provided"),
        ("gossip.connect", ["foo"], "first param must be an address"),
        ("gossip.connect", [{}], "address must have ed25519 key"),
        ("gossip.disconnect", ["foo"], "must provide id"),
        ("gossip.disconnect", [{"key": "foo"}], "must provide id"),
        ("gossip.get", ["foo"], 'must provide id:"foo"'),
        ("gossip.add", ["foo"], "not a valid address:foo"),
        ("gossip.add", [{"host": 1}], 'not a valid address:{"host":1}'),
        ("gossip.add", [5], "Param 0 must by of type string|object"),
        ("conn.connect", ["foo bar"], "not a valid multiserver-address"),
        ("conn.connect", [], "not a valid multiserver-address"),
        ("conn.connect", ["net:a:1", None], "received incorrect arguments"),
        ("conn.connect", ["net:a:1"], "names no peer"),
        ("conn.disconnect", [5], "not a valid multiserver-address"),
        ("conn.remember", ["foo bar"], "not a valid multiserver-address"),
        ("conn.remember", ["net:a:1", None], "should have been an object"),
        ("conn.stage", ["net:a:1", 5], "should have been an object"),
        ("conn.unstage", [""], "not a valid multiserver-address"),
    ],
)
async def test_bad_arguments_are_told(
    start: Start, method: str, args: list[object], text: str
) -> None:
    here = await start()
    with pytest.raises(BusError, match=re.escape(text)):
        await here.ask(method, *args)


async def test_conn_connects_and_disconnects(start: Start) -> None:
    here, there = await start(), await start()
    assert await here.ask("conn.disconnect", there.address) is False
    assert (await here.ask("conn.connect", there.address))["id"] == there.id
    assert await here.ask("conn.dbPeers") == []
    assert await here.ask("conn.disconnect", there.address) is True
    await here.ask("gossip.add", there.address)
    await here.until(connected, there.id)
    assert await here.ask("gossip.disconnect", {"key": there.id}) is None
    await here.until(apart, there.id)
    [told] = await here.ask("peers.explain", there.id)
    assert told["why"] == "a call disconnected it, and nobody asked for it since"
    assert await here.ask("gossip.connect", there.id)
    await here.until(connected, there.id)
    assert await here.ask("gossip.disconnect", there.address) is None


async def test_conn_peers_and_staged_peers_are_told_live(start: Start) -> None:
    here, there = await start(), await start()
    contacts = here.node.source("peers", "conn.peers")
    staged = here.node.source("peers", "conn.stagedPeers")
    assert (await anext(contacts)).json() == [[]]
    assert (await anext(staged)).json() == [[]]
    assert await here.ask("conn.stage", there.address, {"type": "lan", "key": there.id}) is True
    [[[address, data]]] = (await anext(staged)).json()
    assert (address, data["type"]) == (there.address, "lan")
    assert {"stagingBirth", "stagingUpdated"} < data.keys()
    assert await here.ask("conn.stage", there.address, {"type": "lan"}) is False
    await here.ask("conn.connect", there.address, {"note": "x"})
    assert (await anext(staged)).json() == [[]]
    states: list[str] = []
    while "connected" not in states:
        for entries in (await anext(contacts)).json():
            states += [data["state"] for _, data in entries]
    shown = here.contact(there.id).shown()
    assert (shown["key"], shown["note"], shown["type"]) == (there.id, "x", "lan")
    assert {"hubBirth", "hubUpdated"} < shown.keys()
    assert await here.ask("conn.stage", there.address) is False
    contacts.cancel()
    staged.cancel()


async def test_what_is_remembered_is_dialled_and_kept_until_it_is_forgotten(start: Start) -> None:
    here, there = await start(), await start()
    await here.ask("conn.remember", there.address, {"type": "pub", "autoconnect": False})
    [[address, data]] = await here.ask("conn.dbPeers")
    assert (address, data["type"]) == (there.address, "pub")
    assert data["birth"] > 1_500_000_000_000
    await here.ask("conn.remember", there.address, {"autoconnect": True, "type": "x"})
    await here.until(connected, there.id)
    await here.ask("conn.forget", there.address)
    assert await here.ask("conn.dbPeers") == []


async def test_a_stopped_scheduler_lets_go_and_dials_nobody(start: Start) -> None:
    there = await start()
    here = await start(seeds=[there.address], conn={"autostart": False})
    await asyncio.sleep(0.3)
    assert apart(await here.ask("gossip.get", there.id))
    await here.ask("conn.start")
    await here.until(connected, there.id)
    await here.ask("conn.stop")
    await here.until(apart, there.id)


async def test_offline_dials_nobody(start: Start) -> None:
    there = await start()
    here = await start(seeds=[there.address], offline="true")
    await asyncio.sleep(0.3)
    assert await here.ask("gossip.peers") == []


async def test_a_dial_that_fails_is_told_and_put_off(start: Start) -> None:
    here, there = await start(), await start()
    address = there.address
    await there.network.stop()
    with pytest.raises(BusError, match="could not connect"):
        await here.ask("gossip.connect", address)
    shown = await here.until(lambda p: p.get("failure", 0) >= 1, there.id)
    assert "could not connect" in shown["error"]
    await here.until(lambda p: p["failure"] >= 2, there.id)
    [told] = await here.ask("peers.explain", address)
    assert re.match("dialled again in .* s: failed 2 times, the last time: could not", told["why"])


async def test_connections_are_lost_with_the_network(start: Start) -> None:
    here, there = await start(), await start()
    await here.ask("gossip.connect", there.address)
    await here.network.stop()
    await here.until(apart, there.id)


async def test_gossip_changes_tell_what_happens(start: Start) -> None:
    here, there = await start(), await start()
    changes = here.node.source("peers", "gossip.changes")
    await asyncio.sleep(0.1)
    await here.ask("gossip.add", there.address, "manual")
    await here.until(connected, there.id)
    await here.ask("gossip.disconnect", there.id)
    await here.until(apart, there.id)
    await here.ask("gossip.remove", there.id)
    kinds: list[str] = []
    while "remove" not in kinds:
        for item in (await anext(changes)).json():
            kinds.append(item["type"])
            assert item["peer"]["key"] == there.id
    assert kinds == ["discover", "connect", "disconnect", "remove"]
    changes.cancel()


async def test_the_book_survives_the_service(start: Start) -> None:
    here, there = await start(), await start()
    await here.ask("gossip.connect", there.address)
    async with asyncio.timeout(30):
        path = here.path / "conn.json"
        while not path.exists() or there.address not in path.read_text():
            await asyncio.sleep(0.05)
    await here.peers.stop()
    kept = json.loads((here.path / "conn.json").read_text())
    assert kept[there.address]["source"] == "manual"
    again = Peers(chosen(here.path), here.peers.pools.own)
    await again.start()
    try:
        await here.node.wait_up("peers", 10)
        await here.until(connected, there.id)
    finally:
        await again.stop()


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
