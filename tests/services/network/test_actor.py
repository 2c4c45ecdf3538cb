"""The whole service: real sockets, a real bus, and peers that speak the wire themselves."""

import asyncio
import json
import socket
import stat
from pathlib import Path

import pytest

from common.bus import Call, CallerError, Method, Node, Raw, Reply
from common.crypto import keys as identities
from common.runtime.errors import StartError
from common.wire.events import Ended, Items
from services.network.actor import serve
from services.network.adapters.doorway import SocketTakenError
from tests.support.network_world import AskError, Enter, Peer, Start, World, settings
from tests.support.waiting import PATIENCE_S, until

STRANGER = identities.generate(b"s" * 32)
FOE = identities.generate(b"f" * 32)
ADMIN = identities.generate(b"a" * 32)


async def whoami(call: Call) -> object:
    return {"feed": call.caller.feed, "role": call.caller.role, "by": call.caller.transport}


async def count(call: Call) -> None:
    for number in range(call.args[0]):
        await call.send([b"%d" % number] * 10)


async def echo(call: Call) -> None:
    async for batch in call:
        await call.send(batch.bodies, types=batch.types)


async def broken(_call: Call) -> object:
    raise CallerError("exactly this text")


async def crash(_call: Call) -> object:
    raise RuntimeError("a bug")


async def binary(_call: Call) -> object:
    return Raw(0, b"\x00\xff")


async def nothing(_call: Call) -> None:
    return None


SUMS: list[int] = []


async def add_up(call: Call) -> object:
    SUMS.clear()
    async for batch in call:
        SUMS.extend(batch.json())
    return sum(SUMS)


STORAGE = {
    "whoami": Method("sync", whoami, ("anonymous",)),
    "count": Method("source", count, ("anonymous",)),
    "t.echo": Method("duplex", echo),
    "t.sum": Method("sink", add_up),
    "t.broken": Method("async", broken),
    "t.crash": Method("async", crash),
    "t.binary": Method("async", binary),
    "t.nothing": Method("async", nothing),
    "t.hidden": Method("async", whoami, muxrpc=False),
}


async def test_callers_get_the_rights_of_their_key_and_transport(
    start: Start, enter: Enter
) -> None:
    world = await start({"storage": STORAGE}, master=[ADMIN.id])
    own, admin = await enter(world, world.keys), await enter(world, ADMIN)
    stranger, local = await enter(world, STRANGER), await enter(world)
    for peer, keys, role, by in (
        (own, world.keys, "master", "net"),
        (admin, ADMIN, "master", "net"),
        (stranger, STRANGER, "anonymous", "net"),
        (local, world.keys, "master", "unix"),
    ):
        assert await peer.ask("whoami") == {"feed": keys.id, "role": role, "by": by}


async def test_all_four_shapes_are_carried(start: Start, enter: Enter) -> None:
    peer = await enter(await start({"storage": STORAGE}))
    assert await peer.ask("t.binary") == b"\x00\xff"
    assert await peer.ask("t.nothing") is False
    assert len(await peer.collect("count", 7)) == 70
    call = peer.call("duplex", "t.echo")
    peer.session.send(call, [b"1", b"text", b"\x00"], b"\x02\x01\x00")
    peer.flush()
    items = await peer.event()
    assert isinstance(items, Items)
    assert (items.bodies, items.types) == ([b"1", b"text", b"\x00"], b"\x02\x01\x00")
    peer.session.end(call)
    peer.flush()
    assert await peer.event() == Ended(call, None)
    call = peer.call("sink", "t.sum")
    peer.session.send(call, [b"1", b"2", b"39"])
    peer.session.end(call)
    peer.flush()
    assert await peer.event() == Ended(call, None)
    assert sum(SUMS) == 42


async def test_errors_and_refusals_have_the_words_of_the_reference(
    start: Start, enter: Enter
) -> None:
    world = await start({"storage": STORAGE})
    local, stranger = await enter(world), await enter(world, STRANGER)
    for peer, name, text in (
        (local, "t.broken", "exactly this text"),
        (local, "t.crash", "t.crash failed"),
        (local, "t.hidden", "no async:t,hidden"),
        (local, "blobs.createWants", "no async:blobs,createWants"),
        (stranger, "t.broken", "method:t,broken is not in list of allowed methods"),
        (stranger, "nope", "method:nope is not in list of allowed methods"),
    ):
        with pytest.raises(AskError, match=f"^{text}$"):
            await peer.ask(name)
    with pytest.raises(AskError, match="not in list of allowed"):
        await stranger.collect("blobs.createWants", {})


async def test_own_methods_answer(start: Start, enter: Enter) -> None:
    world = await start({"storage": STORAGE})
    local, stranger = await enter(world), await enter(world, STRANGER)
    assert await local.ask("address") == (
        f"{world.address};{world.ws_address};unix:{world.path}/socket~noauth"
    )
    assert await local.ask("getAddress", "public") == f"{world.address};{world.ws_address}"
    assert await local.ask("address", "nowhere") is None
    manifest = await stranger.ask("manifest")
    assert manifest["t"]["echo"] == "duplex"
    assert "hidden" not in manifest["t"]
    assert json.loads((world.path / "manifest.json").read_text()) == manifest
    reply = await world.network.node.call("storage", "whoami")
    assert reply.json()["role"] == "master"


async def test_what_one_service_does_not_find_the_next_is_asked_for(
    start: Start, enter: Enter
) -> None:
    async def absent(call: Call) -> object:
        raise CallerError(f"no {call.args[0]} here", "not_found")

    async def found(call: Call) -> object:
        if call.args[0] == "x":
            return "found"
        raise CallerError(f"no {call.args[0]} anywhere", "not_found")

    tables = {"storage": absent, "api": found}
    offered = {name: {"get": Method("async", handler)} for name, handler in tables.items()}
    world = await start(offered)
    world.network.manifest.learn("peers", {"get": ("async", [], True, "")})
    peer = await enter(world)
    assert await peer.ask("get", "x") == "found"
    with pytest.raises(AskError, match="no y here"):
        await peer.ask("get", "y")


async def test_what_is_another_service_s_waits_for_that_one(start: Start, enter: Enter) -> None:
    async def mine(_: Call) -> object:
        return "of api"

    world = await start({"api": {"publish": Method("async", mine, after="storage")}})
    peer = await enter(world)
    with pytest.raises(AskError, match="storage"):
        await peer.ask("publish", {"type": "post"})
    world.network.manifest.learn("storage", {})
    assert await peer.ask("publish", {"type": "post"}) == "of api"


async def test_a_service_that_is_away_is_said_to_be(start: Start, enter: Enter) -> None:
    world = await start({"storage": STORAGE})
    world.network.manifest.learn("api", {"status": ("async", [], True, "")})
    with pytest.raises(AskError, match="api"):
        await (await enter(world)).ask("status")


async def test_an_aborted_source_is_cancelled(start: Start, enter: Enter) -> None:
    cancelled = asyncio.Event()

    async def forever(call: Call) -> None:
        try:
            while True:
                await call.send([b"1" * 1000] * 100)
        finally:
            cancelled.set()

    world = await start({"storage": {"forever": Method("source", forever)}})
    peer = await enter(world)
    call = peer.call("source", "forever")
    assert isinstance(await peer.event(), Items)
    peer.session.end(call)
    peer.flush()
    async with asyncio.timeout(PATIENCE_S):
        await cancelled.wait()


async def test_who_does_not_read_stops_the_service(start: Start, enter: Enter) -> None:
    sent = 0

    async def forever(call: Call) -> None:
        nonlocal sent
        while True:
            await call.send([b"1" * 10_000] * 10)
            sent += 100_000

    world = await start({"storage": {"forever": Method("source", forever)}})
    peer = await enter(world)
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    peer.call("source", "forever")
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.3)
    assert sent < 20_000_000


async def test_a_service_that_does_not_read_stops_the_peer(start: Start, enter: Enter) -> None:
    async def lazy(_call: Call) -> None:
        await asyncio.Event().wait()

    world = await start({"storage": {"lazy": Method("sink", lazy), "whoami": STORAGE["whoami"]}})
    peer, other = await enter(world), await enter(world)
    call = peer.call("sink", "lazy")
    for _ in range(400):
        peer.session.send(call, [b"1" * 50_000])
        peer.flush()
    try:
        async with asyncio.timeout(0.5):
            await peer.writer.drain()
        raise AssertionError("20 MB were taken")
    except TimeoutError:
        pass
    assert (await other.ask("whoami"))["by"] == "unix"


async def test_blocked_keys_are_refused_and_thrown_out(start: Start, enter: Enter) -> None:
    world = await start({"storage": STORAGE})
    foe, stranger = await enter(world, FOE), await enter(world, STRANGER)
    assert await foe.ask("whoami")
    await world.judge(FOE.id, -1)
    await foe.gone()
    with pytest.raises(Exception, match="phase 3"):
        await Peer.connect(world, FOE)
    assert await stranger.ask("whoami")
    await world.judge(FOE.id, -2)
    assert await (await enter(world, FOE)).ask("whoami")


async def test_strangers_wait_for_the_graph_and_we_do_not(start: Start, enter: Enter) -> None:
    world = await start({"storage": STORAGE}, sync=False)
    assert await (await enter(world, world.keys)).ask("whoami")
    assert await (await enter(world)).ask("whoami")
    waiting = asyncio.ensure_future(enter(world, STRANGER))
    await until(lambda: world.network.gate._waiting)
    assert not waiting.done()
    world.blocks.put_nowait({"sync": True})
    assert await (await waiting).ask("whoami")


async def test_the_unix_socket_is_ours_alone(start: Start, enter: Enter) -> None:
    world = await start()
    path = world.path / "socket"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SocketTakenError, match="another server answers"):
        await world.network.doorway.listen_unix(path)
    assert await (await enter(world)).ask("manifest")
    await world.network.stop()
    assert not path.exists()


async def test_a_dead_unix_socket_is_replaced(start: Start, enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "1" / "socket"))
    dead.close()
    world = await start({"storage": STORAGE})
    assert await (await enter(world)).ask("whoami")


async def test_stopping_says_goodbye_and_waits_for_nobody_who_hears_it(
    start: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.network.actor.GOODBYE_SECONDS", 10 * PATIENCE_S)
    world = await start({"storage": STORAGE})
    peers = [await enter(world), await enter(world, STRANGER)]
    for peer in peers:
        await peer.ask("whoami")
    async with asyncio.timeout(PATIENCE_S):
        await world.network.stop()
    for peer in peers:
        await peer.gone()
    assert peers[1].opener is not None
    assert peers[1].opener.end == "ok"
    assert peers[0].session.closed


async def test_health_tells_what_ended(start: Start, enter: Enter) -> None:
    world = await start()
    peer = await enter(world, STRANGER)
    await peer.ask("manifest")
    await peer.close()
    await until(lambda: not list(world.network.exchange.connections))
    health = (await _ask_bus(world.network.node.name, world)).json()
    assert health["ready"]
    assert health["state"]["connections"] == 0
    assert sum(health["state"]["ended"].values()) == 1


async def _ask_bus(service: str, world: World) -> Reply:
    async with Node("api", world.settings.endpoint, calls=[service]) as node:
        await node.wait_up(service, PATIENCE_S)
        return await node.call(service, "health")


async def test_a_taken_port_is_named(start: Start) -> None:
    world = await start()
    with pytest.raises(StartError, match=f"cannot listen on 127.0.0.1:{world.port}: .+"):
        await start(port=world.port)


async def test_a_taken_socket_is_named(start: Start) -> None:
    world = await start()
    path = world.path / "socket"
    with pytest.raises(StartError, match=f"cannot listen on {path}: another server answers"):
        await world.network._listen_unix(path)


async def test_a_path_that_is_too_long_has_no_socket(start: Start) -> None:
    world = await start()
    listening = world.network.listening
    await world.network._listen_unix(world.path / ("x" * 108))
    assert world.network.listening is listening


async def test_places_without_a_port_share_the_first(start: Start) -> None:
    places = [{"host": "127.0.0.1", "port": 0}, {"host": "127.0.0.2", "scope": "local"}]
    world = await start(connections={"incoming": {"net": places}})
    first, second = world.network.listening.places
    assert first.port == second.port
    assert world.network.listening.socket is None


async def test_serve_runs_until_cancelled(tmp_path: Path) -> None:
    (tmp_path / "alone" / "run").mkdir(parents=True, mode=0o700)
    task = asyncio.ensure_future(serve(settings(tmp_path / "alone"), STRANGER))
    await until((tmp_path / "alone" / "socket").exists)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not (tmp_path / "alone" / "socket").exists()
