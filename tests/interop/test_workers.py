"""Two workers of network and two of replication between two real ssb-servers that do not know each other."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from common.crypto.keys import generate
from common.crypto.secret_file import render
from common.runtime.workers import names, owner
from tests.support.driver import Driver
from tests.support.killing import service_pids
from tests.support.replicas import clock
from tests.support.servers import SsbServer, WorkersServer
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]
WORKERS = (*names("network", 2), *names("replication", 2))
LIMIT_S = 60


def with_peer_of(worker: str, folder: Path) -> SsbServer:
    """An ssb-server whose key belongs to this worker of replication."""
    pair = names("replication", 2)
    numbers = (n for n in range(256) if owner(generate(bytes([n]) * 32).id, pair) == worker)
    folder.mkdir()
    file = folder / "secret"
    file.write_text(render(generate(bytes([next(numbers)]) * 32)))
    file.chmod(0o600)
    return SsbServer(folder)


async def follow(client: Driver, *feeds: str) -> None:
    for feed in feeds:
        await client.call("publish", {"type": "contact", "contact": feed, "following": True})


async def say(client: Driver, count: int) -> None:
    await client.many("publish", [[{"type": "post", "text": str(n)}] for n in range(count)])


async def arrived(client: Driver, feed: str, sequence: int) -> None:
    async def there() -> bool:
        return (await clock(client)).get(feed, 0) >= sequence

    await until(there, within=LIMIT_S)


async def services(client: Driver) -> dict[str, Any]:
    found = (await client.call("status"))["services"]
    assert isinstance(found, dict)
    return found


async def test_messages_flow_through_all_workers_and_after_the_death_of_each(folder: Path) -> None:
    a = with_peer_of("replication", folder / "a")
    b = with_peer_of("replication.2", folder / "b")
    async with a, b, WorkersServer(folder / "ours") as ours:
        at_a, at_b, here = await a.client(), await b.client(), await ours.client()
        for peer in (a, b):
            await here.call("gossip.connect", peer.address)
        await follow(here, a.id, b.id)
        await follow(at_a, b.id)
        await follow(at_b, a.id)
        await say(at_a, 200)
        await arrived(at_b, a.id, 201)
        await arrived(at_a, b.id, 1)

        found = await services(here)
        assert all(found[worker]["ready"] for worker in WORKERS)
        assert {found[worker]["sessions"] for worker in names("replication", 2)} == {1}
        for worker in names("network", 2):
            assert found[worker]["connections"] >= 1

        sequence = 201
        for worker in WORKERS:
            others = [name for name in names("network", 2) if name != worker]
            ended = [(await services(await ours.client()))[name]["ended"] for name in others]
            os.kill(service_pids(ours.process.pid)[worker], signal.SIGKILL)
            await say(at_a, 10)
            await say(at_b, 1)
            sequence += 10
            await arrived(at_b, a.id, sequence)
            found = await services(await ours.client())
            assert [found[name]["ended"] for name in others] == ended
        await arrived(at_a, b.id, 5)


async def test_clients_are_answered_whichever_worker_they_come_to(folder: Path) -> None:
    async with WorkersServer(folder / "ours") as ours:
        seen: set[str] = set()
        for _ in range(20):
            client = await ours.client()
            assert (await client.call("whoami"))["id"] == ours.id
            assert ours.address in await client.call("address", "device")
            assert f"unix:{ours.folder}/socket" in await client.call("address", "device")
            await client.call("publish", {"type": "post", "text": "hello"})
            found = await services(client)
            seen |= {w for w in names("network", 2) if found[w]["connections"]}
            if len(seen) == 2:
                break
        assert seen == set(names("network", 2))
        local = await ours.client(remote=f"unix:{ours.folder}/socket~noauth")
        assert await local.call("whoami") == {"id": ours.id}
