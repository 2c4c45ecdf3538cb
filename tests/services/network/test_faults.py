"""What hostile and broken peers do: their connection ends with a counted reason, everybody else goes on."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from common.bus import Call, Method
from common.crypto import keys as identities
from common.wire.handshake import Client
from common.wire.packets import JSON, MAX_PACKET_BYTES, STREAM, encode
from tests.support.network_world import APP_KEY, SOON, AskError, Enter, Peer, Start, World
from tests.support.waiting import PATIENCE_S, until

STRANGER = identities.generate(b"s" * 32)


async def whoami(call: Call) -> object:
    return call.caller.feed


SERVICES = {"storage": {"whoami": Method("sync", whoami, ("anonymous",))}}

Raw = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def raw(world: World) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def hung_up(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(PATIENCE_S):
        try:
            while await reader.read(4096):
                pass
        except ConnectionError:
            pass


def reasons(world: World) -> str:
    return "; ".join(world.network.exchange.ended)


async def others_go_on(world: World, peer: Peer) -> None:
    assert await peer.ask("whoami") == world.keys.id
    assert world.network.doorway.admission.under_way == 0


async def test_wrong_network_key(start: Start, enter: Enter) -> None:
    world = await start(SERVICES)
    other = await enter(world)
    with pytest.raises(Exception, match="phase 1"):
        await Peer.connect(world, STRANGER, app_key=bytes(32))
    assert "phase 1" in reasons(world)
    await others_go_on(world, other)


async def test_silence(start: Start, enter: Enter) -> None:
    world = await start(SERVICES, **SOON)
    other = await enter(world)
    async with raw(world) as (reader, _):
        await hung_up(reader)
    assert "took too long" in reasons(world)
    await others_go_on(world, other)


async def test_half_a_handshake(start: Start, enter: Enter) -> None:
    world = await start(SERVICES, timers={"handshake": 1000})
    other = await enter(world)
    machine = Client(APP_KEY, STRANGER.public, STRANGER.secret, world.keys.public, os.urandom(32))
    async with raw(world) as (reader, writer):
        writer.write(machine.data_to_send())
        machine.receive_data(await reader.readexactly(64))
        writer.write(machine.data_to_send()[:50])
        await hung_up(reader)
    assert "took too long" in reasons(world)
    async with raw(world) as (_, writer):
        writer.write(bytes(10))
    await until(lambda: "hung up before" in reasons(world))
    await others_go_on(world, other)


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        (encode(JSON, 1, b'{"name":['), "muxrpc"),
        (encode(JSON | STREAM, 1, b"\xff"), "muxrpc"),
        (bytes([JSON]) + (MAX_PACKET_BYTES + 1).to_bytes(4) + (1).to_bytes(4), "muxrpc"),
    ],
)
async def test_bad_frames(start: Start, enter: Enter, plain: bytes, reason: str) -> None:
    world = await start(SERVICES)
    other, bad = await enter(world), await enter(world, STRANGER)
    await bad.ask("manifest")
    assert bad.sealer is not None
    bad.writer.write(bad.sealer.seal(plain))
    await bad.gone()
    assert reason in reasons(world)
    await others_go_on(world, other)


async def test_garbage_after_the_handshake(start: Start, enter: Enter) -> None:
    world = await start(SERVICES)
    other, bad = await enter(world), await enter(world, STRANGER)
    await bad.ask("manifest")
    bad.writer.write(os.urandom(500))
    await bad.gone()
    assert "box stream: invalid header" in reasons(world)
    await others_go_on(world, other)


async def test_requests_that_make_no_sense_end_that_call_only(start: Start, enter: Enter) -> None:
    world = await start(SERVICES)
    bad = await enter(world, STRANGER)
    assert bad.sealer is not None
    bodies = (b'{"name":["whoami"],"args":5}', b'{"name":17,"args":[]}', b"[]")
    for number, body in enumerate(bodies, 70):
        bad.writer.write(bad.sealer.seal(encode(JSON, number, body)))
    assert await bad.ask("whoami") == STRANGER.id


async def test_silence_after_the_handshake_has_an_end(start: Start, enter: Enter) -> None:
    world = await start(SERVICES)
    other, silent = await enter(world), await enter(world, STRANGER)
    own = await enter(world, world.keys)
    watching = asyncio.ensure_future(world.network.exchange.watch(0.2, pause=0.05))
    await silent.gone()
    watching.cancel()
    assert "silent for too long" in reasons(world)
    await others_go_on(world, other)
    await others_go_on(world, own)


async def test_who_only_listens_is_not_silent(start: Start, enter: Enter) -> None:
    async def drip(call: Call) -> None:
        while True:
            await call.send([b"1"])
            await asyncio.sleep(0.05)

    world = await start({"storage": {"drip": Method("source", drip, ("anonymous",))}})
    listener = await enter(world, STRANGER)
    listener.call("source", "drip")
    await listener.event()
    (connection,) = world.network.exchange.connections
    talk = world.network.exchange.find(connection.name)
    assert talk is not None
    active_at = talk.active_at
    await until(lambda: talk.active_at > active_at)


async def test_arguments_that_we_cannot_read(start: Start, enter: Enter) -> None:
    world = await start(SERVICES)
    bad = await enter(world, STRANGER)
    assert bad.sealer is not None
    frame = encode(JSON, 900, b'{"name":["manifest"],"args":["\\ud800"]}')
    bad.writer.write(bad.sealer.seal(frame))
    assert await bad.ask("whoami") == STRANGER.id


async def test_a_call_that_breaks_here_is_told_and_logged(
    start: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = await start(SERVICES)
    peer = await enter(world, STRANGER)

    async def broken(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(world.network.node, "call", broken)
    with pytest.raises(AskError, match=r"^whoami failed$"):
        await peer.ask("whoami")
    assert "a call broke" in caplog.text


async def test_a_manifest_that_cannot_be_written_is_no_disaster(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    world = await start(SERVICES)
    (world.path / "manifest.json").unlink()
    (world.path / "manifest.json").mkdir()
    world.network.manifest.learn("storage", {})
    world.network._learn("storage", is_up=True)
    assert "cannot be written" in caplog.text
