"""The port of WebSockets: peers, browsers and scanners come in, and each gets what is due."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from common.bus import BusError, Call, Method, Node
from common.crypto import keys as identities
from common.refs.ids import blob_id
from services.network.websocket import Accepting
from tests.support.network_world import SOON, UPGRADE, Enter, Start, World
from tests.support.waiting import PATIENCE_S, until

STRANGER = identities.generate(b"\x0f" * 32)


async def whoami(call: Call) -> object:
    return {"feed": call.caller.feed, "role": call.caller.role, "by": call.caller.transport}


SERVICES = {"storage": {"whoami": Method("sync", whoami, ("anonymous",))}}


@asynccontextmanager
async def caller(world: World) -> AsyncIterator[Node]:
    async with Node("tester", world.settings.endpoint, calls=["network"]) as node:
        await node.wait_up("network", PATIENCE_S)
        yield node


async def said(world: World, *pieces: bytes) -> bytes:
    """Everything that the port of WebSockets answers to these bytes, until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.ws_port)
    for piece in pieces:
        writer.write(piece)
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read()
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def settled(world: World) -> dict[str, int]:
    """Why connections ended, when no handshake is under way any more."""
    admission = world.network.doorway.admission
    await until(lambda: not admission.under_way and not admission.addresses)
    return dict(world.network.exchange.ended)


async def test_calls_go_over_ws_as_over_net(start: Start) -> None:
    here, there = await start(), await start(SERVICES)
    async with caller(here) as node:
        reply = await node.call("network", "connections.dial", there.ws_address)
        connection = reply.json()["connection"]
        wanted: dict[str, Any] = {"connection": connection, "type": "async", "name": ["whoami"]}
        async with node.duplex("network", "connections.call", wanted) as stream:
            async for batch in stream:
                assert batch.json() == [{"feed": here.keys.id, "role": "anonymous", "by": "ws"}]
        (standing,) = there.network.exchange.connections
        assert standing.address.startswith("ws:127.0.0.1:")
        assert standing.address.endswith(f"~shs:{here.network.listening.key}")
        assert standing.transport == "ws"
        await node.call("network", "connections.close", {"connection": connection})
    assert await settled(there) == {"goodbye": 1}


async def test_large_answers_and_slow_readers_wait_over_ws(start: Start) -> None:
    async def flood(call: Call) -> None:
        for _ in range(200):
            await call.send([b"1" * 10_000] * 10)

    method = {"storage": {"flood": Method("source", flood, ("anonymous",))}}
    here, there = await start(), await start(method)
    async with caller(here) as node:
        reply = await node.call("network", "connections.dial", there.ws_address)
        wanted = {"connection": reply.json()["connection"], "type": "source", "name": ["flood"]}
        count = 0
        async with node.duplex("network", "connections.call", wanted) as stream:
            await asyncio.sleep(0.5)
            async for batch in stream:
                count += len(batch.bodies)
        assert count == 2000
        assert there.network.exchange.ledger.total < 4 << 20


async def test_with_the_service_all_end_who_have_not_said_who_they_are(
    start: Start, enter: Enter
) -> None:
    async def never(_: Call) -> None:
        await asyncio.Event().wait()

    offered = {"storage": {"get": Method("async", never)}}
    world = await start(offered | {"blobs": {"blobs.size": Method("async", never)}})
    network, blob = world.network, blob_id(bytes(32))
    doors = [(world.port, b""), (world.port, b"half"), (world.ws_port, UPGRADE)]
    doors += [(world.ws_port, f"GET /blobs/get/{blob} HTTP/1.1\r\nHost: x\r\n\r\n".encode())]
    known = await enter(world, STRANGER)
    lines = []
    for port, said_first in doors:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said_first)
        lines.append((reader, writer))
    await until(lambda: len(network.doorway._strangers) == len(doors))
    await until(lambda: network.doorway._web._requests.taken)
    await network.stop()
    async with asyncio.timeout(PATIENCE_S):
        for reader, writer in lines:
            with suppress(ConnectionResetError):
                await reader.read()
            writer.close()
        await known.ended.wait()
    assert not network.doorway._strangers
    assert await settled(world) == {"stopping": len(doors), "http: stopping": 1}


async def test_an_address_of_several_ways_is_tried_in_order(start: Start) -> None:
    here, there = await start(), await start(SERVICES)
    key = there.network.listening.key
    dead = f"net:127.0.0.1:1~shs:{key};ws://127.0.0.1:{there.port}~shs:{key}"
    async with caller(here) as node:
        with pytest.raises(BusError, match=r"hung up|refused"):
            await node.call("network", "connections.dial", dead)
        await node.call("network", "connections.dial", f"{dead};{there.ws_address}")
        (standing,) = here.network.exchange.connections
        assert (standing.feed, standing.transport) == (there.keys.id, "ws")


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_plain_http_is_answered_and_closed(start: Start, method: bytes) -> None:
    world = await start()
    answer = await said(world, method + b" /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert body == (b"" if method == b"HEAD" else b"Not Found\n")
    assert await settled(world) == {"http: Not Found": 1}


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\x16\x03\x01\x02\x00\x01\n\r\n", "websocket: not a valid request"),
        (b"SSH-2.0-scanner\r\n", "websocket: not a valid request"),
        (UPGRADE + b"\x81\x85abcd12345", "websocket: a text frame"),
        (UPGRADE + b"\x82\x01x", "websocket: a malformed frame"),
        (UPGRADE.replace(b"13", b"7"), "websocket: not a valid request"),
        (b"GET / HTTP/1.1\r\n", "took too long"),
        (UPGRADE, "took too long: secret handshake, phase 1"),
    ],
)
async def test_scanners_are_counted_and_not_logged(
    start: Start, caplog: pytest.LogCaptureFixture, sent: bytes, reason: str
) -> None:
    world = await start(**(SOON if "took too long" in reason else {}))
    caplog.clear()
    with caplog.at_level("INFO"):
        await said(world, sent)
        (counted,) = await settled(world)
    assert counted.split(":")[:2] == reason.split(":")[:2]
    assert caplog.records == []


async def test_a_wrong_port_is_counted_on_both_doors(start: Start) -> None:
    world = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(UPGRADE)
    assert await reader.read() == b""
    writer.close()
    (counted,) = await settled(world)
    assert counted.startswith("secret handshake, phase")


async def test_sockets_of_an_address_are_counted_over_all_doors(start: Start) -> None:
    world = await start(limits={"handshakes_per_address": 1})
    _, first = await asyncio.open_connection("127.0.0.1", world.port)
    await until(lambda: world.network.doorway.admission.under_way)
    assert await said(world, UPGRADE) == b""
    assert world.network.exchange.ended["too many handshakes from one address"] == 1
    first.close()


async def test_a_server_that_is_no_websocket_is_refused_by_the_dialler(start: Start) -> None:
    here = await start()

    async def wrong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        writer.close()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        machine = Accepting()
        while not machine.is_over:
            machine.receive_data(await reader.read(1000))
            writer.write(machine.data_to_send())
        assert await reader.read(1000)
        writer.close()

    for handler, text in ((wrong, "did not agree"), (mute, "hung up")):
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with caller(here) as node, server:
            address = f"ws://127.0.0.1:{port}~shs:{STRANGER.id[1:-8]}"
            with pytest.raises(BusError, match=text):
                await node.call("network", "connections.dial", address)
