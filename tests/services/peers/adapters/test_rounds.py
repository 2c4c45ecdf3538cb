"""What happens between a decision and the network: a network of one's own answers by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Call, Method, Node, PeerError
from common.refs import feed_id
from services.peers.adapters.rounds import Rounds
from services.peers.model.groups import GROUPS, Wishes
from services.peers.model.hub import Contact
from services.peers.model.pools import Pools
from services.peers.model.scheduler import CloseStranded, Scheduler
from services.peers.spread import Spread
from tests.support.waiting import PATIENCE_S, until

OWN, A, B = (feed_id(bytes([n]) * 32) for n in range(3))
AT_A, OTHER_A, AT_B = (
    f"net:{host}:1~shs:{key[1:45]}"
    for host, key in (("a.example", A), ("b.example", A), ("c.example", B))
)


class Network:
    """The methods of `network` that peers calls; dials wait for the test."""

    def __init__(self) -> None:
        self.changes: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.dials: list[tuple[Any, asyncio.Future[str]]] = []
        self.closed: list[str] = []
        self.dialled = asyncio.Event()

    def methods(self) -> dict[str, Method]:
        return {
            "connections.dial": Method("async", self._dial, muxrpc=False),
            "connections.changes": Method("source", self._changes, muxrpc=False),
            "connections.close": Method("async", self._close, muxrpc=False),
            "connections.call": Method("duplex", self._call, muxrpc=False),
        }

    def connect(
        self, address: str, key: str, name: str, *, client: bool = True, here: str = "127.0.0.1"
    ) -> None:
        change = {"type": "connected", "connection": name, "feed": key, "address": address}
        self.changes.put_nowait({**change, "client": client, "here": here})

    def disconnect(self, name: str) -> None:
        self.changes.put_nowait({"type": "disconnected", "connection": name, "feed": A})

    async def _dial(self, call: Call) -> object:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.dials.append((call.args, answer))
        self.dialled.set()
        return {"connection": await answer, "feed": A}

    async def _changes(self, call: Call) -> None:
        while True:
            await call.send([json.dumps(await self.changes.get()).encode()])

    async def _close(self, call: Call) -> None:
        name = call.args[0]["connection"]
        self.closed.append(name)
        self.disconnect(name)

    async def _call(self, call: Call) -> None:
        assert call.args[0]["name"] == ["gossip", "ping"]
        raise PeerError("no ping here", "no_such_method")


class World:
    """Rounds over a network made by hand; nobody is dialled but by calls."""

    def __init__(self, node: Node, network: Network) -> None:
        self.network = network
        self.pools = Pools(OWN, lambda: 0.0)
        wishes = Wishes(dict.fromkeys(GROUPS, 3), 1e9, 1e9)
        self.scheduler = Scheduler(self.pools, wishes, lambda: 0.0)
        self.now = 1_700_000_000_000
        self.rounds = Rounds(node, self.scheduler, lambda: self.now, 10_000, Spread(("network",)))

    async def dial(self, n: int = 0) -> asyncio.Future[str]:
        """The n-th dial, when it has come."""
        await until(lambda: len(self.network.dials) > n)
        return self.network.dials[n][1]

    async def until_apart(self) -> None:
        await until(lambda: not len(self.pools.hub))


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("services.peers.adapters.rounds.SETTLE_SECONDS", PATIENCE_S)
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    async with AsyncExitStack() as stack:
        network = Network()

        def endpoint(name: str) -> str:
            return f"ipc://{folder / name}"

        await stack.enter_async_context(Node("network", endpoint, network.methods()))
        node = Node("peers", endpoint, {}, calls=["network"])
        await stack.enter_async_context(node)
        await node.wait_up("network", PATIENCE_S)
        made = World(node, network)
        tasks = [asyncio.create_task(work) for work in made.rounds.work()]
        yield made
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await made.rounds.stop()


async def test_two_calls_share_one_dial(world: World) -> None:
    first = asyncio.create_task(world.rounds.connect(AT_A, {}))
    answer = await world.dial()
    second = asyncio.create_task(world.rounds.connect(OTHER_A, {}))
    await asyncio.sleep(0.05)
    world.network.connect(AT_A, A, "network/1")
    answer.set_result("network/1")
    contact = await first
    assert contact is not None
    assert await second is contact
    assert len(world.network.dials) == 1
    assert world.network.dials[0][0] == [AT_A, {"seconds": 10.0}]


async def test_a_second_call_hears_nothing_of_a_dial_that_failed(world: World) -> None:
    first = asyncio.create_task(world.rounds.connect(AT_A, {}))
    answer = await world.dial()
    second = asyncio.create_task(world.rounds.connect(AT_A, {}))
    await asyncio.sleep(0.05)
    answer.set_exception(PeerError("nobody there", "refused"))
    with pytest.raises(BusError, match="nobody there"):
        await first
    assert await second is None


async def test_who_dials_us_meanwhile_is_the_one(world: World) -> None:
    call = asyncio.create_task(world.rounds.connect(AT_A, {}))
    answer = await world.dial()
    world.network.connect("net:x.example:9", A, "network/7", client=False)
    answer.set_exception(PeerError("nobody there", "refused"))
    with pytest.raises(BusError, match="nobody there"):
        await call

    def connected() -> Contact | None:
        found = world.pools.hub.with_key(A)
        return found if found is not None and found.state == "connected" else None

    found = await until(connected)
    assert not found.dialled


async def test_an_older_connection_may_be_the_answer(world: World) -> None:
    world.network.connect("net:x.example:9", B, "network/7", client=False)
    call = asyncio.create_task(world.rounds.connect(AT_A, {}))
    answer = await world.dial()
    answer.set_result("network/7")
    contact = await call
    assert contact is not None
    assert contact.address == "net:x.example:9"
    assert world.pools.hub.get(AT_A) is None


async def test_a_connection_that_never_shows_up_is_a_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.peers.adapters.rounds.SETTLE_SECONDS", 0.05)
    entry = world.pools.remember(AT_A, {}, world.now)
    call = asyncio.create_task(world.rounds.connect(AT_A, {}))
    answer = await world.dial()
    answer.set_result("network/9")
    with pytest.raises(BusError, match="ended at once"):
        await call
    assert entry.failures == 1


async def test_who_is_not_wanted_any_more_is_let_go_when_the_dial_ends(world: World) -> None:
    call = asyncio.create_task(world.rounds.connect(AT_A, {}))
    answer = await world.dial()
    contact = world.pools.hub.get(AT_A)
    assert contact is not None
    await world.rounds.close(contact, "disconnected")
    again = asyncio.create_task(world.rounds.connect(AT_A, {}))
    await asyncio.sleep(0.05)
    world.network.connect(AT_A, A, "network/1")
    answer.set_result("network/1")
    await call
    second = await world.dial(1)
    assert world.network.closed == ["network/1"]
    world.network.connect(AT_A, A, "network/2")
    second.set_result("network/2")
    found = await again
    assert found is not None
    assert found.state == "connected"


async def test_a_dial_that_was_given_up_is_no_failure(world: World) -> None:
    entry = world.pools.remember(AT_A, {}, world.now)
    call = asyncio.create_task(world.rounds.connect(AT_A, {}))
    answer = await world.dial()
    contact = world.pools.hub.get(AT_A)
    assert contact is not None
    await world.rounds.close(contact, "disconnected")
    answer.set_exception(PeerError("nobody there", "refused"))
    with pytest.raises(BusError, match="nobody there"):
        await call
    assert entry.failures == 0
    await world.until_apart()


async def test_patience_with_a_dial_of_somebody_else_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.peers.adapters.rounds.STANDING_SECONDS", 0.05)
    call = asyncio.create_task(world.rounds.connect(AT_A, {}))
    answer = await world.dial()
    assert await world.rounds.connect(AT_A, {}) is None
    answer.set_exception(PeerError("nobody there", "refused"))
    with pytest.raises(BusError, match="nobody there"):
        await call


async def test_who_cannot_be_dialled_is_told_so(world: World) -> None:
    for address, text in (
        ("net:a.example:1", "names no peer"),
        (f"net:a:1~shs:{OWN[1:45]}", "own"),
    ):
        with pytest.raises(BusError, match=text):
            await world.rounds.connect(address, {})


async def test_an_address_that_went_takes_what_stood_on_it_and_nothing_else(world: World) -> None:
    for address, key, here in ((AT_A, A, "10.0.0.1"), (AT_B, B, "10.88.0.1")):
        world.network.connect(address, key, f"network/{here}", here=here)
    await until(lambda: len(world.pools.hub) == 2)
    world.rounds.do([CloseStranded(frozenset(["10.88.0.1"]), "the network changed")])
    await until(lambda: len(world.pools.hub) == 1)
    assert world.network.closed == ["network/10.88.0.1"]


async def test_rotation_closes_and_all_are_closed(world: World) -> None:
    for n, (address, key) in enumerate(((AT_A, A), (AT_B, B))):
        world.network.connect(address, key, f"network/{n}")
    await until(lambda: len(world.pools.hub) >= 2)
    world.rounds.do(world.scheduler.stop())
    await world.until_apart()
    assert sorted(world.network.closed) == ["network/0", "network/1"]
