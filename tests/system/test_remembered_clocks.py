"""A process that is killed remembers what its peers had: a peer that comes again hears of what changed, and no more."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.crypto.keys import Keys
from common.refs import raw
from common.runtime.secret import load_or_create
from common.wire.events import Items
from tests.support.killing import service_pids
from tests.support.peer import Peer
from tests.support.servers import SHS_BYTES, OurServer
from tests.support.suite import keys_of
from tests.support.waiting import until

N_FOLLOWS = 20
PATIENCE_S = 60
PEER = keys_of(77)


@pytest.fixture
async def ours(folder: Path) -> AsyncIterator[OurServer]:
    async with OurServer(folder / "ours") as server:
        yield server


def as_peer(server: OurServer, keys: Keys) -> Peer:
    return Peer(keys, raw(server.id), server.port, SHS_BYTES)


async def first_notes(server: OurServer, *, feeds: int = 1) -> dict[str, int]:
    """What a new session of the peer hears first; that it has as much of each feed is its answer."""
    while True:
        async with as_peer(server, PEER) as peer:
            session = peer.call("duplex", "ebt.replicate", {"version": 3, "format": "classic"})
            event = await peer.event(session)
            if isinstance(event, Items):
                notes: dict[str, int] = orjson.loads(event.bodies[0])
                if len(notes) >= feeds:
                    peer.send(session, orjson.dumps(notes))
                    await written(server, notes)
                    return notes
        await asyncio.sleep(0.1)


async def written(server: OurServer, notes: dict[str, int]) -> None:
    """Waits until the file of the peer says what it has."""
    name = PEER.id.replace("+", "-").replace("/", "_").replace("=", "")
    file, wanted = server.folder / "ebt" / name, {feed: n >> 1 for feed, n in notes.items()}
    await until(lambda: file.exists() and wanted.items() <= orjson.loads(file.read_bytes()).items())


async def publish(server: OurServer, content: dict[str, Any]) -> None:
    async with as_peer(server, load_or_create(server.folder / "secret")) as owner:
        await owner.value("publish", content)


async def test_after_a_kill_only_what_changed_is_told(ours: OurServer) -> None:
    async with asyncio.timeout(PATIENCE_S):
        for n in range(N_FOLLOWS):
            content = {"type": "contact", "contact": keys_of(100 + n).id, "following": True}
            await publish(ours, content)
        notes = await first_notes(ours, feeds=N_FOLLOWS + 1)
        assert len(notes) == N_FOLLOWS + 1
        assert notes[ours.id] == N_FOLLOWS << 1
        os.kill(service_pids(ours.process.pid)["replication"], signal.SIGKILL)
        await publish(ours, {"type": "post", "text": "new"})
        assert await first_notes(ours) == {ours.id: (N_FOLLOWS + 1) << 1}
