"""`connections.*`: what our services do with peers, between two of our own network services."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from common.bus import BusError, Call, CallerError, Method, Node, Raw
from common.wire.packets import JSON
from services.network.adapters import dialler
from tests.support.network_world import SOON, Enter, Start, World
from tests.support.waiting import PATIENCE_S, until

ANYBODY = ("anonymous",)


async def whoami(call: Call) -> object:
    return {"feed": call.caller.feed, "role": call.caller.role}


async def binary(_call: Call) -> object:
    return Raw(0, b"\x00")


async def three(call: Call) -> None:
    await call.send([b"1", b"2", b"3"])


async def forever(call: Call) -> None:
    while True:
        await call.send([b"1"] * 100)


async def echo(call: Call) -> None:
    async for batch in call:
        await call.send(batch.bodies, types=batch.types)


RECEIVED: list[Any] = []


async def take(call: Call) -> None:
    RECEIVED.clear()
    async for batch in call:
        RECEIVED.extend(batch.json())


async def fail(_call: Call) -> None:
    raise CallerError("not today")


SERVICES = {
    "storage": {
        "whoami": Method("sync", whoami, ANYBODY),
        "binary": Method("async", binary, ANYBODY),
        "three": Method("source", three, ANYBODY),
        "forever": Method("source", forever, ANYBODY),
        "echo": Method("duplex", echo, ANYBODY),
        "take": Method("sink", take, ANYBODY),
        "fail": Method("source", fail, ANYBODY),
    }
}


@asynccontextmanager
async def caller(world: World) -> AsyncIterator[Node]:
    async with Node("tester", world.settings.endpoint, calls=["network"]) as node:
        await node.wait_up("network", PATIENCE_S)
        yield node


def wanted(connection: str, kind: str, name: str, *args: object) -> dict[str, object]:
    return {"connection": connection, "type": kind, "name": [name], "args": args}


async def dialled(node: Node, world: World) -> str:
    reply = await node.call("network", "connections.dial", world.address)
    value = reply.json()
    assert value["feed"] == world.keys.id
    return str(value["connection"])


async def test_dial_answers_the_standing_connection(start: Start) -> None:
    here, there = await start(), await start(SERVICES)
    async with caller(here) as node:
        first, second = await asyncio.gather(dialled(node, there), dialled(node, there))
        assert first == second == await dialled(node, there)
        assert len(there.network.exchange.connections) == 1
        await node.call("network", "connections.close", {"connection": first, "reason": "x"})
        assert await dialled(node, there) != first


@pytest.mark.parametrize("address", [None, 5, "foo", "ws:127.0.0.1:1~shs:AAAA"])
async def test_what_is_no_address_is_not_dialled(start: Start, address: object) -> None:
    async with caller(await start()) as node:
        with pytest.raises(CallerError, match="not an address"):
            await node.call("network", "connections.dial", address)


async def test_dials_that_fail_say_why(start: Start) -> None:
    here, there = await start(), await start()
    async with caller(here) as node:
        with pytest.raises(CallerError, match="our own key"):
            await dialled(node, here)
        await here.judge(there.keys.id, -1)
        with pytest.raises(CallerError, match="blocked"):
            await dialled(node, there)
        await here.judge(there.keys.id, 1)
        await there.judge(here.keys.id, -1)
        with pytest.raises(BusError, match="hung up on our hello"):
            await dialled(node, there)
        address = there.address
        await there.network.stop()
        with pytest.raises(BusError, match=r"could not connect to 127\.0\.0\.1"):
            await node.call("network", "connections.dial", address)


async def test_a_dial_to_who_says_nothing_ends_in_time(start: Start) -> None:
    here, there = await start(**SOON), await start()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = there.address.replace(str(there.port), str(silent.getsockname()[1]))
        async with caller(here) as node:
            with pytest.raises(BusError, match="took too long"):
                await node.call("network", "connections.dial", address)


async def test_each_way_of_an_address_has_its_time(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialler, "WAY_SECONDS", 0.3)
    here, there = await start(), await start()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        key = there.network.listening.key
        mute = f"net:127.0.0.1:{port}~shs:{key};ws://127.0.0.1:{port}~shs:{key}"
        async with caller(here) as node:
            reply = await node.call("network", "connections.dial", f"{mute};{there.address}")
            assert reply.json()["feed"] == there.keys.id


async def test_calls_of_all_shapes_reach_the_peer(start: Start) -> None:
    here, there = await start(), await start(SERVICES)
    async with caller(here) as node:
        link = await dialled(node, there)

        async def run(kind: str, name: str, *args: object) -> list[tuple[bytes, int]]:
            stream = node.duplex("network", "connections.call", wanted(link, kind, name, *args))
            if kind in ("sink", "duplex"):
                await stream.send([b'"a"', b"b"], types=b"\x02\x01")
                await stream.end()
            found: list[tuple[bytes, int]] = []
            async for batch in stream:
                found += zip(batch.bodies, batch.types or [JSON] * len(batch.bodies), strict=True)
            return found

        [(body, kind)] = await run("async", "whoami")
        assert kind == JSON
        assert orjson.loads(body) == {"feed": here.keys.id, "role": "anonymous"}
        assert await run("async", "binary") == [(b"\x00", 0)]
        assert await run("source", "three") == [(b"1", JSON), (b"2", JSON), (b"3", JSON)]
        assert await run("duplex", "echo") == [(b'"a"', JSON), (b"b", 1)]
        assert await run("sink", "take") == []
        assert RECEIVED == ["a", "b"]
        with pytest.raises(BusError, match="not today"):
            await run("source", "fail")
        with pytest.raises(BusError, match="method:nope is not in list of allowed methods"):
            await run("async", "nope")


async def test_a_cancelled_call_is_aborted_at_the_peer(start: Start) -> None:
    here, there = await start(), await start(SERVICES)
    async with caller(here) as node:
        link = await dialled(node, there)
        call = wanted(link, "source", "forever")
        async with node.duplex("network", "connections.call", call) as stream:
            async for batch in stream:
                assert batch.bodies
                break
        talk = here.network.exchange.find(link)
        assert talk is not None
        await until(lambda: not talk._calls)


async def test_calls_end_with_their_connection(start: Start) -> None:
    here, there = await start(), await start(SERVICES)
    async with caller(here) as node:
        link = await dialled(node, there)
        stream = node.duplex("network", "connections.call", wanted(link, "duplex", "echo"))
        await stream.send([b"1"])
        async for _ in stream:
            break
        await there.network.stop()
        with pytest.raises(BusError, match="closed"):
            async for _ in stream:
                pass
        with pytest.raises(BusError, match="no such connection"):
            async for _ in node.duplex(
                "network", "connections.call", wanted(link, "async", "whoami")
            ):
                pass


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"name": [], "type": "async"},
        {"name": ["a", 1], "type": "async"},
        {"name": ["a"], "type": "magic"},
        {"name": ["a"], "type": "async", "args": {}},
    ],
)
async def test_malformed_requests_are_refused(start: Start, request_: object) -> None:
    async with caller(await start()) as node:
        with pytest.raises(CallerError):
            async for _ in node.duplex("network", "connections.call", request_):
                pass
        with pytest.raises(CallerError):
            await node.call("network", "connections.close", 5)


async def test_changes_tell_what_stands_and_what_happens(start: Start, enter: Enter) -> None:
    world = await start(SERVICES)
    peer = await enter(world)
    await peer.ask("whoami")
    async with (
        caller(world) as node,
        node.source("network", "connections.changes", {}) as stream,
    ):
        seen = [change async for batch in take_two(stream, peer) for change in batch.json()]
    assert [change["type"] for change in seen] == ["connected", "disconnected"]
    assert seen[0]["feed"] == world.keys.id
    assert seen[0]["transport"] == "unix"
    assert seen[0]["client"] is False
    assert seen[0]["here"] == ""


async def test_changes_tell_on_which_address_of_ours_a_connection_stands(start: Start) -> None:
    here, there = await start(), await start()
    async with caller(here) as node:
        await dialled(node, there)
    for world in (here, there):
        (connection,) = world.network.exchange.connections
        assert connection.change("connected", 0)["here"] == "127.0.0.1"


async def take_two(stream: Any, peer: Any) -> AsyncIterator[Any]:
    seen = 0
    async for batch in stream:
        yield batch
        seen += len(batch.bodies)
        if seen == 1:
            await peer.close()
        else:
            break
