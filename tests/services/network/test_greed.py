"""What strangers take too much of: it costs that call or connection, is counted, and nobody else notices."""

import asyncio
import resource
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from common.bus import BusError, Call, Method, Node
from common.crypto import keys as identities
from common.wire.packets import JSON, STREAM, encode
from services.network import handlers, limits
from services.network.adapters import conversation, descriptors, exchange, gate, link
from tests.services.network.test_faults import SERVICES, hung_up, others_go_on, raw, reasons
from tests.support.network_world import AskError, Enter, Peer, Start, World
from tests.support.waiting import PATIENCE_S, until

STRANGER, OTHER = (identities.generate(bytes([n]) * 32) for n in (201, 202))


async def hang(call: Call) -> None:
    await call.send([b"1"])
    await asyncio.Event().wait()


HANGING = {"storage": {**SERVICES["storage"], "hang": Method("source", hang, ("anonymous",))}}


async def ask(world: World, method: str, *args: object) -> Any:
    async with AsyncExitStack() as stack:
        node = Node("tester", world.settings.endpoint, calls=("network",))
        await stack.enter_async_context(node)
        await node.wait_up("network", PATIENCE_S)
        return (await node.call("network", method, *args)).json()


async def state(world: World) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(world, "health"))["state"]
    return found


async def none_of(world: World, count: str) -> None:
    async def so() -> bool:
        return not (await state(world))[count]

    await until(so)


async def test_too_many_handshakes_from_one_address(start: Start) -> None:
    world = await start(SERVICES, limits={"handshakes_per_address": 1})
    admission = world.network.doorway.admission
    async with raw(world):
        await until(lambda: admission.under_way)
        async with raw(world) as (second, _):
            await hung_up(second)
        assert "too many handshakes from one address" in reasons(world)
    await until(lambda: not admission.under_way)


async def test_too_many_connections_from_one_address(start: Start, enter: Enter) -> None:
    world = await start(SERVICES, limits={"connections_per_address": 1})
    peer = await enter(world, STRANGER)
    with pytest.raises(Exception, match="phase"):
        await Peer.connect(world, OTHER)
    assert "too many connections from one address" in reasons(world)
    await others_go_on(world, await enter(world))
    await peer.close()
    await until(lambda: not world.network.doorway.admission.addresses)
    assert await (await enter(world, OTHER)).ask("whoami") == OTHER.id


async def test_too_many_connections_of_one_key(start: Start, enter: Enter) -> None:
    world = await start(SERVICES, limits={"connections_per_key": 1})
    await enter(world, STRANGER)
    with pytest.raises(Exception, match="phase"):
        await Peer.connect(world, STRANGER)
    assert "too many connections of one key" in reasons(world)
    for _ in range(2):
        await others_go_on(world, await enter(world, world.keys))
    assert await (await enter(world, OTHER)).ask("whoami") == OTHER.id


async def test_connections_that_come_at_once_are_counted_again(start: Start, enter: Enter) -> None:
    world = await start(SERVICES, sync=False, limits={"connections_per_key": 1})
    entering = [asyncio.ensure_future(enter(world, STRANGER)) for _ in range(2)]
    await until(lambda: len(world.network.gate._waiting) == 2)
    world.blocks.put_nowait({"sync": True})
    peers = [await entry for entry in entering]
    await until(lambda: any(peer.ended.is_set() for peer in peers))
    assert len(world.network.exchange.connections) == 1
    assert world.network.exchange.ended["too many connections of one key"] == 1


async def test_too_many_calls_a_second(
    start: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BURST_CALLS", 2)
    world = await start(SERVICES, limits={"calls_per_second": 0.01})
    bad, owner = await enter(world, STRANGER), await enter(world)
    for _ in range(2):
        await bad.ask("whoami")
    with pytest.raises(AskError, match="too many calls a second"):
        await bad.ask("whoami")
    again = await enter(world, STRANGER)
    with pytest.raises(AskError, match="too many calls a second"):
        await again.ask("whoami")
    for _ in range(9):
        await others_go_on(world, owner)
    assert (await state(world))["refused_calls"] == {"too many calls a second": 2}
    assert await (await enter(world, OTHER)).ask("whoami") == OTHER.id


async def test_who_does_not_listen_to_refusals_is_closed(
    start: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MAX_REFUSED_CALLS", 3)
    world = await start(SERVICES)
    bad, owner = await enter(world, STRANGER), await enter(world)
    assert bad.sealer is not None
    calls = [encode(JSON | STREAM, n, b'{"name":["x"],"args":[],"type":"?"}') for n in range(1, 9)]
    calls.append(encode(JSON, 9, b'{"name":["whoami"],"args":[]}'))
    bad.writer.write(bad.sealer.seal(b"".join(calls)))
    await bad.gone()
    assert "too many refused calls" in reasons(world)
    assert (await state(world))["refused_calls"] == {"unsupported stream type": 8}
    await others_go_on(world, owner)


async def test_too_many_open_calls(
    start: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_OPEN_CALLS", 6)
    monkeypatch.setattr(limits, "LEAST_OPEN_CALLS", 1)
    world = await start(HANGING)
    bad, owner = await enter(world, STRANGER), await enter(world)
    for _ in range(2):
        bad.call("source", "hang")
        await bad.event()
    with pytest.raises(AskError, match="too many open calls"):
        await bad.collect("hang")
    for _ in range(9):
        owner.call("source", "hang")
        await owner.event()
    assert (await state(world))["calls"] == 2
    assert await (await enter(world, OTHER)).ask("whoami") == OTHER.id
    await bad.close()
    await none_of(world, "calls")


async def test_too_many_bytes_in_all(start: Start, enter: Enter) -> None:
    world = await start(SERVICES, limits={"buffered_bytes": 200_000})
    owner = await enter(world)
    small, large = await enter(world, OTHER), await enter(world, STRANGER)
    for peer, size in ((small, 50_000), (large, 180_000)):
        assert peer.sealer is not None
        start_of_packet = encode(JSON, 1, bytes(2_000_000))[:size]
        peer.writer.write(peer.sealer.seal(start_of_packet))
    await large.gone()
    assert "too many bytes wait in all" in reasons(world)
    assert 50_000 <= (await state(world))["buffered_bytes"] < 60_000
    await small.close()
    await none_of(world, "buffered_bytes")
    await others_go_on(world, owner)


async def test_a_key_that_is_refused_for_a_while(start: Start, enter: Enter) -> None:
    world, theirs = await start(SERVICES), await start(SERVICES)
    bad, owner = await enter(world, STRANGER), await enter(world)
    await ask(world, "connections.refuse", {"feed": STRANGER.id, "seconds": 60, "reason": "lies"})
    await bad.gone()
    with pytest.raises(Exception, match="phase"):
        await Peer.connect(world, STRANGER)
    assert (await state(world))["refused_keys"] == 1
    assert "lies" in reasons(world)
    await ask(world, "connections.refuse", {"feed": theirs.keys.id, "seconds": 60})
    with pytest.raises(BusError, match="is refused: refused for a while"):
        await ask(world, "connections.dial", theirs.address)
    with pytest.raises(BusError, match="a feed and a number"):
        await ask(world, "connections.refuse", {"feed": 7})
    await others_go_on(world, owner)


async def test_a_follower_that_stands_still_begins_anew(
    start: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MAX_CHANGES", 1)
    world = await start(SERVICES)
    with world.network.exchange.follow() as queue:
        for _ in range(3):
            await enter(world)
        assert [bool(queue.get_nowait()) for _ in range(queue.qsize())] == [True, False]

    async def behind(_bodies: object) -> None:
        for _ in range(3):
            await enter(world)

    call: Any = SimpleNamespace(send=behind)
    with pytest.raises(BusError, match="too many changes wait"):
        await handlers.changes(world.network, call)


async def test_strangers_who_wait_are_bounded(
    start: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "MAX_WAITING", 1)
    world = await start(SERVICES, sync=False, timers={"handshake": 2000})
    waiting = world.network.gate._waiting
    first = asyncio.ensure_future(Peer.connect(world, STRANGER))
    await until(lambda: [feed for feed, _, _ in waiting] == [STRANGER.id])
    second = asyncio.ensure_future(enter(world, OTHER))
    await until(lambda: [feed for feed, _, _ in waiting] == [OTHER.id])
    world.blocks.put_nowait({"sync": True})
    assert await (await second).ask("whoami") == OTHER.id
    with pytest.raises(Exception, match="phase"):
        await first


def test_strangers_do_not_get_the_last_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: asked.append(both))
    assert descriptors.sockets() == 4096 - descriptors.RESERVED
    assert asked == [(4096, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (9, -1))
    assert descriptors.sockets() == (1 << 16) - descriptors.RESERVED
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    assert descriptors.sockets() == 1


async def hold(_call: Call) -> None:
    await asyncio.Event().wait()


async def large(_call: Call) -> object:
    return "x" * 4_000_000


HOARDING = {
    "storage": {
        **SERVICES["storage"],
        "hold": Method("sink", hold, ("anonymous",)),
        "large": Method("async", large, ("anonymous",)),
    }
}


async def test_who_sends_more_than_a_service_takes_is_not_read(start: Start, enter: Enter) -> None:
    world = await start(HOARDING)
    bad, owner = await enter(world, STRANGER), await enter(world)
    number = bad.call("sink", "hold")
    for _ in range(200):
        bad.session.send(number, [bytes([0x31]) * 100_000])
        bad.flush()
    talk = next(t for t in world.network.exchange.connections if t.feed == STRANGER.id)
    found = world.network.exchange.find(talk.name)
    assert found is not None
    await until(lambda: found.held >= conversation.MAX_WAITING_BYTES)
    await asyncio.sleep(0.2)
    assert found.held < 2 * conversation.MAX_WAITING_BYTES
    assert bad.writer.transport.get_write_buffer_size() > 0
    await others_go_on(world, owner)


async def test_who_does_not_read_is_dropped(
    start: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "MAX_UNSENT_BYTES", 3_000_000)
    world = await start(HOARDING)
    bad, owner = await enter(world, STRANGER), await enter(world)
    bad.writer.transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(9):
        bad.call("async", "large")
    await until(lambda: "does not read" in reasons(world))
    await others_go_on(world, owner)
