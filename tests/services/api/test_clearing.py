"""Blocked feeds, and those out of reach, are deleted by services that are played."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import zmq

from common.bus import Call, Method, Node
from common.refs import FeedId, feed_id
from services.api.actor import clearing_methods
from services.api.adapters.clearing import Clearing
from services.api.adapters.keeper import FILE, Keeper
from services.api.adapters.purge import Purge
from services.api.handlers.clearing import ClearingHandlers
from services.api.retention import DAY_MS
from services.api.settings import Retention
from tests.support.waiting import PATIENCE_S, until

OWN, FRIEND, FOE, FAR, ASKED = (FeedId(feed_id(bytes([n]) * 32)) for n in range(5))


class World:
    """The graph, the lengths of feeds, and what is deleted."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.hops: dict[FeedId, int] = {OWN: 0, FRIEND: 1}
        self.heads = {OWN: 1, FRIEND: 2, FAR: 4, ASKED: 5}
        self.deleted: list[FeedId] = []
        self.changed = asyncio.Event()
        self.now = 0.0

    def say(self, **change: Any) -> None:
        self.heads |= change.get("heads", {})
        self.hops |= change.get("hops", {})
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def hop_stream(self, call: Call) -> None:
        while True:
            changed = self.changed
            await call.send([orjson.dumps(self.hops)])
            await changed.wait()

    async def wait(self, _: Call) -> dict[str, int]:
        return {"position": 1}

    async def all_hops(self, _: Call) -> dict[FeedId, int]:
        return self.hops

    async def clock(self, _: Call) -> dict[FeedId, int]:
        return self.heads

    async def erase(self, call: Call) -> dict[str, int]:
        self.deleted.append(call.args[0]["feed"])
        return {"erased": 1}

    async def requests(self, call: Call) -> None:
        asked = [{"id": ASKED, "replicate": True}, {"from": OWN, "to": FOE, "blocking": True}]
        await call.send([orjson.dumps(item) for item in (*asked, {"sync": True})])
        await asyncio.Event().wait()

    async def until(self, *deleted: FeedId) -> None:
        await until(lambda: self.deleted == list(deleted))


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
async def node(world: World) -> AsyncIterator[Node]:
    context: Any = zmq.Context()
    tables = {
        "storage": {
            "getVectorClock": Method("async", world.clock),
            "log.erase": Method("async", world.erase),
        },
        "indexing": {
            "friends.hopStream": Method("source", world.hop_stream),
            "friends.hops": Method("async", world.all_hops),
            "views.wait": Method("async", world.wait),
        },
        "replication": {"requests.read": Method("source", world.requests)},
    }

    def endpoint(name: str) -> str:
        return f"inproc://{name}"

    storage, indexing, replication = (
        Node(name, endpoint, table, context=context) for name, table in tables.items()
    )
    table: dict[str, Method] = {}
    api = Node("api", endpoint, table, calls=(*tables, "api"), context=context)
    clearing = Clearing(api)
    rules = Retention(days=0, hops=-1, every=1)
    keeper = Keeper(clearing, rules, OWN, 2, world.data, lambda: world.now)
    table.update(clearing_methods(ClearingHandlers(Purge(api, clearing, OWN), keeper)))
    async with storage, indexing, replication, api:
        await api.wait_up("api", PATIENCE_S)
        yield api
    context.term()


async def test_blocked_feeds_are_deleted_from_the_start_on(world: World, node: Node) -> None:
    world.say(hops={FOE: -1}, heads={FOE: 3})
    await node.call("api", "friendsPurge.start")
    await node.call("api", "friendsPurge.start")
    await world.until(FOE)
    world.say(hops={FAR: -2})
    await world.until(FOE, FAR)
    await node.call("api", "friendsPurge.stop")
    world.say(hops={FRIEND: -1})
    await node.call("api", "friendsPurge.start")
    await world.until(FOE, FAR, FRIEND)
    await node.call("api", "friendsPurge.stop")


async def test_who_is_blocked_and_not_here_is_passed_over(world: World, node: Node) -> None:
    world.say(hops={FOE: -1, FAR: -1})
    await node.call("api", "friendsPurge.start")
    await world.until(FAR)


async def test_feeds_out_of_reach_are_told_and_deleted_in_time(world: World, node: Node) -> None:
    async with node.source("api", "retention.list") as stream:
        items = [item async for batch in stream for item in batch.json()]
    assert items == [{"feed": FAR, "messages": 4, "hops": None, "since": 0, "at": 0}]
    assert world.deleted == []

    async def keep(days: float, *deleted: FeedId) -> None:
        rules = Retention(days=days, hops=-1, every=10)
        keeper = Keeper(Clearing(node), rules, OWN, 2, world.data, lambda: world.now)
        task = asyncio.create_task(keeper.run())
        await until((world.data / FILE).exists)
        await world.until(*deleted)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await keep(3)
    world.now = 2 * DAY_MS
    await keep(3)
    world.now = 3 * DAY_MS
    await keep(3, FAR)
    (world.data / FILE).write_text("damaged")
    await keep(3, FAR)


async def test_without_days_nothing_is_looked_at(world: World, node: Node) -> None:
    keeper = Keeper(
        Clearing(node), Retention(days=0, hops=-1, every=1), OWN, 2, world.data, lambda: 1e15
    )
    await keeper.run()
    assert world.deleted == []
