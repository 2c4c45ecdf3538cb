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
from tests.support.waiting import PATIENCE_S, until

DEFAULTS = tomllib.loads(sources.data_file("defaults.toml").read_text())


def chosen(path: Path, **more: Any) -> Settings:
    sections = {name: DEFAULTS[name] | more.pop(name, {}) for name in ("conn", "gossip", "lan")}
    return settings(path, **sections, **more)


class Indexing:
    """What this service asks of indexing: hops and announcements, given by the test."""

    def __init__(self) -> None:
        self.hops: asyncio.Queue[dict[str, int | None]] = asyncio.Queue()
        self.pubs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.asked: list[Any] = []

    def methods(self) -> dict[str, Method]:
        return {
            "graph.edges": Method("source", self._edges, muxrpc=False),
            "friends.hopStream": Method("source", self._hops),
            "messagesByType": Method("source", self._pubs),
        }

    async def _edges(self, call: Call) -> None:
        await call.send([b'{"sync":true}'])
        await asyncio.Event().wait()

    async def _hops(self, call: Call) -> None:
        await call.send([b"{}"])
        while True:
            await call.send([json.dumps(await self.hops.get()).encode()])

    async def _pubs(self, call: Call) -> None:
        self.asked.append(call.args[0])
        while True:
            await call.send([json.dumps(await self.pubs.get()).encode()])


class Pair:
    """A network and a peers service of one identity, and a node that calls them."""

    def __init__(
        self, network: Network, peers: Peers, node: Node, path: Path, indexing: Indexing
    ) -> None:
        self.network, self.peers, self.node, self.path = network, peers, node, path
        self.indexing = indexing

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

        async def shown() -> dict[str, Any] | None:
            found: dict[str, Any] = await self.ask("gossip.get", key) or {}
            return found if holds(found) else None

        found: dict[str, Any] = await until(shown)
        return found

    def contact(self, key: str) -> Contact:
        found = self.peers.pools.hub.with_key(key)
        assert found is not None
        return found


Start = Callable[..., Awaitable[Pair]]


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
            indexing = Indexing()
            await stack.enter_async_context(Node("indexing", wanted.endpoint, indexing.methods()))
            network = Network(wanted, keys)
            await network.start()
            stack.push_async_callback(network.stop)
            peers = Peers(wanted, keys, chance=lambda: 1.0)
            await peers.start()
            stack.push_async_callback(peers.stop)
            node = Node("tester", wanted.endpoint, calls=["peers", "network"])
            await stack.enter_async_context(node)
            await node.wait_up("peers", PATIENCE_S)
            await network.node.wait_up("peers", PATIENCE_S)
            return Pair(network, peers, node, path, indexing)

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
        ("gossip.add", [5], "not a valid address:5"),
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
    path = here.path / "conn.json"
    await until(lambda: path.exists() and there.address in path.read_text())
    await here.peers.stop()
    kept = json.loads((here.path / "conn.json").read_text())
    assert kept[there.address]["source"] == "manual"
    again = Peers(chosen(here.path), identities.generate(bytes([1]) * 32))
    await again.start()
    try:
        await here.node.wait_up("peers", PATIENCE_S)
        await here.until(connected, there.id)
    finally:
        await again.stop()


def announced(address: str, received: float) -> dict[str, Any]:
    content = {"type": "pub", "address": address}
    return {"key": "%x", "value": {"author": "@a", "content": content}, "timestamp": received}


async def test_announced_pubs_are_dialled_and_the_place_is_kept(start: Start) -> None:
    here, there = await start(), await start()
    here.indexing.pubs.put_nowait(announced(there.address, 17.5))
    here.indexing.pubs.put_nowait({"value": 5})
    shown = await here.until(connected, there.id)
    assert (shown["source"], shown["announcers"]) == ("pub", 1)
    here.indexing.pubs.put_nowait(announced(there.address, 18.5))
    await here.until(lambda p: p["announcers"] == 2, there.id)
    await here.peers.stop()
    again = Peers(chosen(here.path), identities.generate(bytes([1]) * 32))
    await again.start()
    try:
        await until(lambda: len(here.indexing.asked) >= 2)
        assert [one["gt"] for one in here.indexing.asked] == [0, 18.5]
    finally:
        await again.stop()


async def test_pubs_are_not_followed_where_the_settings_say_so(start: Start) -> None:
    for more in ({"gossip": {"pub": False}}, {"conn": {"populatePubs": False}}):
        here = await start(**more)
        await asyncio.sleep(0.2)
        assert here.indexing.asked == []


async def test_groups_are_turned_on_and_off_and_kept_in_the_configuration(start: Start) -> None:
    here, there = await start(), await start()
    (here.path / "config").write_text('{"gossip": {"connections": 5}, "seeds": [] // none\n}')
    assert await here.ask("gossip.disable") == "disabled gossip type global"
    await here.ask("gossip.add", there.address, "manual")
    await asyncio.sleep(0.3)
    [told] = await here.ask("peers.explain", there.id)
    assert told["why"] == "the settings leave no place for strangers"
    assert await here.ask("gossip.enable", "global") == "enabled gossip type global"
    await here.until(connected, there.id)
    assert await here.ask("gossip.disable", "foo") == "disabled gossip type foo"
    kept = json.loads((here.path / "config").read_text())
    assert kept == {"gossip": {"connections": 5, "global": True, "foo": False}, "seeds": []}
    (here.path / "config").write_text("{")
    with pytest.raises(BusError, match="damaged"):
        await here.ask("gossip.enable")
    assert (here.path / "config").read_text() == "{"


async def test_gossip_reconnect_closes_all_and_dials_again(start: Start) -> None:
    here, there = await start(), await start()
    await here.ask("gossip.connect", there.address)
    first = next(iter(here.contact(there.id).connections))
    assert await here.ask("gossip.reconnect") > 1_500_000_000_000

    def again() -> bool:
        contact = here.peers.pools.hub.with_key(there.id)
        return (
            contact is not None and bool(contact.connections) and first not in contact.connections
        )

    await until(again)


async def test_gossip_help_and_counted_announcements(start: Start) -> None:
    here, there = await start(), await start()
    assert (await here.ask("gossip.help"))["commands"]["rm"]["type"] == "sync"
    added = await here.ask("gossip.add", {"address": there.address}, "friends")
    assert (added["source"], added["announcers"]) == ("friends", 1)
    assert (await here.ask("gossip.add", there.address, "pub"))["announcers"] == 2
    assert (await here.ask("gossip.add", there.address, "local"))["source"] == "local"
    assert await here.ask("gossip.add", here.address) is None
    assert await here.ask("gossip.get", {"key": here.id}) is None
    for odd, text in ((True, "must by of type object"), (None, "Param 0 is required")):
        with pytest.raises(BusError, match=text):
            await here.ask("gossip.add", odd)
    with pytest.raises(BusError, match="Param 1 must by of type string"):
        await here.ask("gossip.add", there.address, True)


async def test_strangers_are_refused_told_and_kept(start: Start) -> None:
    here = await start(conn={"firewall": {"rejectBlocked": True, "rejectUnknown": True}})
    attempts = here.node.source("peers", "connFirewall.attempts", {"old": True})
    friend, stranger, other = (identities.generate(bytes([n]) * 32).id for n in (50, 51, 52))
    here.indexing.hops.put_nowait({friend: 1, other: 2})
    await until(lambda: friend in here.peers.pools.hops)
    admitted = [
        (await here.ask("firewall.admits", {"feed": feed}))["admitted"]
        for feed in (friend, stranger, stranger, other)
    ]
    assert admitted == [True, False, False, True]
    [told] = (await anext(attempts)).json()
    assert told["id"] == stranger
    attempts.cancel()
    path = here.path / "conn-attempts.json"
    await until(lambda: path.exists() and stranger in path.read_text())
    old = here.node.source("peers", "connFirewall.attempts", {"old": True, "live": False})
    assert [item["id"] async for batch in old for item in batch.json()] == [stranger]
    here.indexing.hops.put_nowait({stranger: 1, other: None})
    await until(lambda: stranger not in path.read_text())
    assert not (await here.ask("firewall.admits", {"feed": other}))["admitted"]
    await here.ask("connFirewall.reconfigure", {"rejectUnknown": False})
    await here.ask("connFirewall.reconfigure")
    assert (await here.ask("firewall.admits", {"feed": other}))["admitted"]
    with pytest.raises(BusError, match="a feed is wanted"):
        await here.ask("firewall.admits", {"feed": "x"})


async def test_who_is_unknown_from_now_on_leaves(start: Start) -> None:
    here, there = await start(), await start()
    await there.ask("gossip.connect", here.address)
    await until(lambda: here.peers.pools.hub.with_key(there.id) is not None)
    [told] = await here.ask("peers.explain", there.id)
    assert told["why"] == "connected: it dialled us"
    await here.ask("connFirewall.reconfigure", {"rejectUnknown": True})
    await until(lambda: here.peers.pools.hub.with_key(there.id) is None)


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


async def test_what_the_local_network_told_is_not_kept_over_a_start(start: Start) -> None:
    here, there = await start(), await start()
    await here.peers.stop()
    kept = {there.address: {"type": "lan"}, "net:x.example:1": {"source": "local"}}
    (here.path / "conn.json").write_text(json.dumps(kept))
    again = Peers(chosen(here.path), identities.generate(bytes([1]) * 32))
    await again.start()
    assert len(again.pools.book) == 0
    await again.stop()
