"""The service on a bus of its own, beside a storage and a replication that are played."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq

from common.bus import Call, CallerError, Method, Node, Unavailable
from common.refs import FeedId, message_id
from services.api.actor import asked, invite_methods, methods
from services.api.adapters.book import Book
from services.api.handlers.invites import InviteHandlers
from tests.support.network_world import settings
from tests.support.waiting import PATIENCE_S

FEED = FeedId("@" + "A" * 43 + "=.ed25519")
HERE, THERE, NOWHERE = (message_id(bytes([n]) * 32) for n in range(3))


def endpoint(service: str) -> str:
    return f"inproc://{service}"


class Others:
    """Storage, and replication that fetches THERE into it."""

    def __init__(self) -> None:
        self.stored = {HERE}
        self.wanted: list[Any] = []

    async def health(self, _: Call) -> dict[str, Any]:
        return {"service": "storage", "ready": True, "state": {"position": 3}}

    async def publish(self, call: Call) -> dict[str, Any]:
        return {"value": {"content": call.args[0]}}

    async def get(self, call: Call) -> dict[str, Any]:
        given = call.args[0]
        key = given["id"] if isinstance(given, dict) else given
        if key not in self.stored:
            raise CallerError(f"Key not found in database [{key}]", "not_found")
        return {"key": key, "timestamp": 5, **({"ooo": True} if key == THERE else {})}

    async def want(self, call: Call) -> bool:
        (given,) = call.args
        self.wanted.append((given["ms"], given["patient"]))
        if given["id"] == THERE:
            self.stored.add(THERE)
        elif given["patient"]:
            await asyncio.sleep(given["ms"] / 1000)
        return given["id"] in self.stored


@asynccontextmanager
async def suite(others: Others, **ooo: Any) -> AsyncIterator[Node]:
    """The service beside them; one worker of replication is away."""
    document = {"services": ["storage", "replication", "api"], "workers": {"replication": 2}}
    chosen = settings(Path("/nowhere"), **document, ooo={"timeout": 200, "hook": True} | ooo)
    context: Any = zmq.Context()
    offered = {
        "health": Method("async", others.health),
        "publish": Method("async", others.publish),
        "get": Method("async", others.get),
    }
    storage = Node("storage", endpoint, offered, context=context)
    worker = Node(
        "replication", endpoint, {"ooo.want": Method("async", others.want)}, context=context
    )
    table: dict[str, Method] = {}
    api = Node("api", endpoint, table, calls=asked(chosen), context=context)
    invites = InviteHandlers(
        api,
        Book(Path("/nowhere"), {}, lambda: 0.0),
        FEED,
        private=False,
        now=lambda: 0.0,
        seed=lambda: bytes(32),
    )
    table.update({**methods(api, FEED, chosen), **invite_methods(invites)})
    client = Node("test", endpoint, calls=["api"], context=context)
    async with worker, api, client:
        await client.wait_up("api", PATIENCE_S)
        status = (await client.call("api", "status")).json()
        assert status["services"]["storage"]["up"] is False
        with pytest.raises(Unavailable):
            await client.call("api", "friends.follow", FEED)
        async with storage:
            await api.wait_up("storage", PATIENCE_S)
            await api.wait_up("replication", PATIENCE_S)
            yield client
    context.term()


@pytest.fixture
def others() -> Others:
    return Others()


@pytest.fixture
async def client(others: Others) -> AsyncIterator[Node]:
    async with suite(others) as node:
        yield node


async def test_the_methods_answer(client: Node) -> None:
    assert (await client.call("api", "whoami")).json() == {"id": FEED}
    assert (await client.call("api", "version")).json()[0].isdigit()
    assert (await client.call("api", "health")).json()["ready"] is True
    status = (await client.call("api", "status")).json()
    assert status["sync"]["since"] == 3
    assert status["services"]["replication.2"] == {"up": False, "ready": False}
    assert "get" in (await client.call("api", "ooo.help")).json()["commands"]


async def test_follow_and_block_publish(client: Node) -> None:
    followed = (await client.call("api", "friends.follow", FEED)).json()
    assert followed["value"]["content"]["following"] is True
    blocked = (await client.call("api", "friends.block", FEED, {"state": False})).json()
    assert blocked["value"]["content"]["blocking"] is False


async def test_what_is_here_is_given_and_nobody_is_asked(client: Node, others: Others) -> None:
    assert (await client.call("api", "get", HERE)).json() == {"key": HERE, "timestamp": 5}
    assert others.wanted == []


async def test_what_is_not_here_is_asked_of_peers(client: Node, others: Others) -> None:
    found = (await client.call("api", "get", {"id": THERE, "meta": True, "timeout": 90})).json()
    assert found == {"key": THERE, "timestamp": 5, "ooo": True}
    with pytest.raises(CallerError, match="Key not found in database"):
        await client.call("api", "get", NOWHERE)
    assert others.wanted == [(90, False), (200, False)]


@pytest.mark.parametrize("given", [{"id": THERE, "ooo": False}, "x", 5, None, {"id": 5}])
async def test_what_no_peer_is_asked_for_fails_at_once(
    client: Node, others: Others, given: Any
) -> None:
    with pytest.raises(CallerError):
        await client.call("api", "get", given)
    assert others.wanted == []


async def test_without_the_hook_get_asks_nobody(others: Others) -> None:
    async with suite(others, hook=False) as client:
        with pytest.raises(CallerError):
            await client.call("api", "get", THERE)
        assert others.wanted == []
        assert (await client.call("api", "ooo.get", THERE)).json()["ooo"] is True


async def test_ooo_get_waits_and_then_says_how_long(client: Node, others: Others) -> None:
    for key in (HERE, THERE):
        assert (await client.call("api", "ooo.get", key)).json()["ooo"] is True
    with pytest.raises(CallerError) as late:
        await client.call("api", "ooo.get", {"id": NOWHERE, "timeout": 20})
    assert late.value.message == "ooo.get: took more than timeout:20"
    assert others.wanted[-1] == (20, True)
    for wrong in (None, "x", {"id": "x"}, 5):
        with pytest.raises(CallerError, match="expected the id of a message"):
            await client.call("api", "ooo.get", wrong)


async def test_strangers_may_call_nothing_but_use_their_invite(client: Node) -> None:
    manifest = client.manifest("api")
    offered = {name for name, entry in manifest.items() if entry[2]}
    assert offered >= {"whoami", "version", "status", "friends.follow", "friends.block", "get"}
    roles = {name: entry[1] for name, entry in manifest.items() if entry[1]}
    assert roles == {"invite.use": ["guest"]}
