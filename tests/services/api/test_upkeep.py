"""`fsck` and `compact` over a bus, beside services that are played."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import zmq

from common.bus import Call, CallerError, Method, Node
from common.refs import feed_id, message_id
from services.api.handlers.messages import MessageHandlers
from services.api.handlers.upkeep import UpkeepHandlers
from services.api.settings import Ooo
from tests.support.waiting import PATIENCE_S

HERE, AWAY = (message_id(bytes([n]) * 32) for n in range(2))
FEED = feed_id(bytes(32))
CHECKED = {"checked": 5, "of": 5}


def problem(kind: str, key: str, sequence: int, *, mended: bool, fetch: bool) -> dict[str, Any]:
    about = {"problem": kind, "position": 3, "why": "so", "id": key, "feed": FEED}
    return {**about, "sequence": sequence, "mended": mended, "fetch": fetch}


class Others:
    """Storage with two damaged messages and one row, peers that have one of them, a view that is wrong."""

    def __init__(self) -> None:
        self.rebuilt: list[str] = []
        self.ranges: list[Any] = []
        self.views = True

    async def check(self, call: Call) -> None:
        repair = call.args[0]["repair"]
        items = [
            problem("message", HERE, 7, mended=repair, fetch=repair),
            problem("message", AWAY, 8, mended=repair, fetch=repair),
            problem("index", AWAY, 8, mended=repair, fetch=False),
            CHECKED,
        ]
        await call.send([orjson.dumps(item) for item in items])

    async def range(self, call: Call) -> bool:
        self.ranges.append(call.args[0])
        return False

    async def want(self, call: Call) -> bool:
        return bool(call.args[0]["id"] == HERE)

    async def check_views(self, call: Call) -> None:
        if not self.views:
            raise CallerError("not now")
        items = [CHECKED, {"view": "links", "ok": False}, {"view": "types", "ok": True}]
        await call.send([orjson.dumps(item) for item in items])

    async def rebuild(self, call: Call) -> bool:
        self.rebuilt.append(call.args[0])
        return True

    async def compact(self, call: Call) -> None:
        await call.send([b'{"compacted":1,"of":1}', b'{"before":2,"after":1}'])


@pytest.fixture
def others() -> Others:
    return Others()


@pytest.fixture
async def client(others: Others) -> AsyncIterator[Node]:
    context: Any = zmq.Context()

    def endpoint(name: str) -> str:
        return f"inproc://{name}"

    def node(name: str, table: dict[str, Method], *calls: str) -> Node:
        return Node(name, endpoint, table, calls=calls, context=context)

    api: dict[str, Method] = {}
    names = ("storage", "indexing", "replication")
    server = node("api", api, *names)
    messages = MessageHandlers(server, ["replication"], Ooo(timeout=100, hook=True))
    upkeep = UpkeepHandlers(server, messages, ["replication"], 100)
    api |= {"fsck": Method("source", upkeep.fsck), "compact": Method("source", upkeep.compact)}
    compact = Method("source", others.compact)
    views = {
        "views.check": Method("source", others.check_views),
        "rebuild": Method("async", others.rebuild),
        "views.compact": compact,
    }
    log = {"log.check": Method("source", others.check), "log.compact": compact}
    storage, indexing = node("storage", log), node("indexing", views)
    fetching = {
        "ooo.want": Method("async", others.want),
        "ooo.range": Method("async", others.range),
    }
    replication = node("replication", fetching)
    tester = node("test", {}, "api")
    async with storage, indexing, replication, server, tester:
        for name in names:
            await server.wait_up(name, PATIENCE_S)
        await tester.wait_up("api", PATIENCE_S)
        yield tester
    context.term()


async def items(client: Node, method: str, **options: Any) -> list[Any]:
    async with client.source("api", method, options) as stream:
        return [item async for batch in stream for item in batch.json()]


async def test_a_check_tells_all_and_mends_nothing(client: Node, others: Others) -> None:
    found = await items(client, "fsck")
    assert [item.get("part") for item in found] == ["log"] * 4 + ["views"] * 3 + [None]
    assert [item["mended"] for item in found if "problem" in item] == [False] * 3
    assert found[-1] == {"ok": False, "problems": 4, "mended": 0}
    assert others.rebuilt == []


async def test_a_repair_asks_peers_and_builds_views_anew(client: Node, others: Others) -> None:
    found = await items(client, "fsck", repair=True)
    fetched = [item for item in found if item.get("part") == "peers"]
    assert sorted(item["asked"] for item in fetched) == [1, 2]
    assert fetched[-1]["of"] == 2
    assert others.ranges == [{"id": FEED, "from": 7, "upto": 8}]
    assert others.rebuilt == ["links"]
    assert {"part": "views", "view": "links", "rebuilt": True} in found
    assert found[-1] == {"ok": False, "problems": 4, "mended": 3}


async def test_views_that_cannot_be_checked_are_a_problem(client: Node, others: Others) -> None:
    others.views = False
    found = await items(client, "fsck", repair=True)
    assert found[-2] == {"part": "views", "problem": "unchecked", "why": "not now"}
    assert found[-1] == {"ok": False, "problems": 4, "mended": 2}


async def test_log_and_views_are_compacted(client: Node) -> None:
    found = await items(client, "compact")
    assert found == [
        {"part": part, **item}
        for part in ("log", "views")
        for item in ({"compacted": 1, "of": 1}, {"before": 2, "after": 1})
    ]
