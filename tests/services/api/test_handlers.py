"""The service on a bus of its own, beside a storage that is played."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import zmq

from common.bus import Call, Method, Node, Unavailable
from services.api.actor import methods
from services.api.handlers import Handlers

FEED = "@" + "A" * 43 + "=.ed25519"


def endpoint(service: str) -> str:
    return f"inproc://{service}"


async def health(_: Call) -> dict[str, Any]:
    return {"service": "storage", "ready": True, "state": {"position": 3}}


async def publish(call: Call) -> dict[str, Any]:
    return {"value": {"content": call.args[0]}}


@pytest.fixture
async def client() -> AsyncIterator[Node]:
    handlers = Handlers(FEED, ["storage", "absent"])
    context: Any = zmq.Context()
    shared = {"context": context}
    offered = {"health": Method("async", health), "publish": Method("async", publish)}
    played = Node("storage", endpoint, offered, **shared)
    api = Node("api", endpoint, methods(handlers), calls=["storage", "absent"], **shared)
    async with played, api, Node("test", endpoint, calls=["api"], **shared) as node:
        await node.wait_up("api", 5)
        assert (await node.call("api", "status")).json()["services"]["storage"]["up"] is False
        with pytest.raises(Unavailable):
            await node.call("api", "friends.follow", FEED)
        handlers.node = api
        await api.wait_up("storage", 5)
        yield node
    context.term()


async def test_the_methods_answer(client: Node) -> None:
    assert (await client.call("api", "whoami")).json() == {"id": FEED}
    assert (await client.call("api", "version")).json()[0].isdigit()
    assert (await client.call("api", "health")).json()["ready"] is True
    status = (await client.call("api", "status")).json()
    assert status["sync"]["since"] == 3
    assert status["services"]["absent"] == {"up": False, "ready": False}


async def test_follow_and_block_publish(client: Node) -> None:
    followed = (await client.call("api", "friends.follow", FEED)).json()
    assert followed["value"]["content"]["following"] is True
    blocked = (await client.call("api", "friends.block", FEED, {"state": False})).json()
    assert blocked["value"]["content"]["blocking"] is False


async def test_strangers_may_call_nothing(client: Node) -> None:
    manifest = client.manifest("api")
    offered = {"whoami", "version", "status", "friends.follow", "friends.block"}
    assert {name for name, entry in manifest.items() if entry[2]} == offered
    assert not any(roles for _, roles, _ in manifest.values())
