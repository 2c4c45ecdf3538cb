"""Two workers of the service, of one identity, on the same port."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from common.crypto import keys as identities
from common.runtime.workers import names, worker_of
from services.network.actor import Network
from tests.support.network_world import Enter, World, settings
from tests.support.ports import free_port

OURS = identities.generate(bytes([1]) * 32)
WORKERS = names("network", 2)


@pytest.fixture
async def worlds(tmp_path: Path) -> AsyncIterator[list[World]]:
    (tmp_path / "run").mkdir(mode=0o700)
    ports = {"port": free_port(), "ws": {"port": free_port()}}
    chosen = settings(tmp_path, workers={"network": 2}, services=["network"], **ports)
    async with AsyncExitStack() as stack:
        found = []
        for number in (1, 2):
            own = msgspec.structs.replace(chosen, worker=number)
            network = Network(own, OURS)
            stack.push_async_callback(network.stop)
            await network.start()
            found.append(World(network, own, OURS, tmp_path))
        yield found


async def test_both_take_connections_of_one_port(worlds: list[World], enter: Enter) -> None:
    assert worlds[0].address == worlds[1].address
    for _ in range(200):
        await enter(worlds[0], OURS)
        if all(len(world.network.exchange.connections) for world in worlds):
            break
    for world, worker in zip(worlds, WORKERS, strict=True):
        assert {worker_of(c.name) for c in world.network.exchange.connections} == {worker}


async def test_both_say_the_same_of_themselves(worlds: list[World], enter: Enter) -> None:
    said: dict[str, set[str]] = {}
    for _ in range(200):
        peer = await enter(worlds[0], OURS)
        said.setdefault("address", set()).add(await peer.ask("address", "device"))
        if all(len(world.network.exchange.connections) for world in worlds):
            break
    (address,) = said["address"]
    assert address.startswith(f"{worlds[0].address};ws://127.0.0.1:")
    assert address.endswith(f";unix:{worlds[0].path}/socket~noauth")


async def test_local_clients_come_to_the_first(worlds: list[World], enter: Enter) -> None:
    local = await enter(worlds[0])
    assert "address" in await local.ask("manifest")
    assert [len(world.network.exchange.connections) for world in worlds] == [1, 0]
    await worlds[1].network.stop()
    assert (worlds[0].path / "socket").exists()


async def test_what_strangers_may_have_in_all_is_divided(worlds: list[World]) -> None:
    for world in worlds:
        admission = world.network.doorway.admission
        assert admission.max_connections == world.settings.limits.connections // 2
        assert admission.max_handshakes == world.settings.limits.handshakes // 2
        assert admission.max_handshakes_per_address == world.settings.limits.handshakes_per_address
