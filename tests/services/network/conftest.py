"""A network service on a real bus, small services for it to carry calls to, and peers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.bus import Call, Method, Node
from common.crypto import keys as identities
from common.crypto.keys import Keys
from services.network.actor import Network
from tests.support.network_world import Enter, Peer, Start, World, settings
from tests.support.waiting import PATIENCE_S


def _indexing(world_blocks: asyncio.Queue[dict[str, object]], *, sync: bool) -> dict[str, Method]:
    async def edges(call: Call) -> None:
        if sync:
            await call.send([b'{"sync":true}'])
        while True:
            await call.send([orjson.dumps(await world_blocks.get())])

    return {"graph.edges": Method("source", edges, muxrpc=False)}


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start a network service with the services it is given, each a table of methods."""
    async with AsyncExitStack() as stack:
        count = 0

        async def go(
            services: dict[str, dict[str, Method]] | None = None, *, sync: bool = True, **more: Any
        ) -> World:
            nonlocal count
            count += 1
            path = tmp_path / str(count)
            (path / "run").mkdir(parents=True, mode=0o700, exist_ok=True)
            chosen = settings(path, **more)
            keys = identities.generate(bytes([count]) * 32)
            blocks: asyncio.Queue[dict[str, object]] = asyncio.Queue()
            nodes = {"indexing": _indexing(blocks, sync=sync), **(services or {})}
            for name, methods in nodes.items():
                await stack.enter_async_context(Node(name, chosen.endpoint, methods))
            network = Network(chosen, keys)
            stack.push_async_callback(network.stop)
            await network.start()
            for name in nodes:
                await network.node.wait_up(name, PATIENCE_S)
            return World(network, chosen, keys, path, blocks)

        yield go


@pytest.fixture
async def enter() -> AsyncIterator[Enter]:
    """Connect a peer to a world; with keys over TCP, without over the unix socket."""
    peers: list[Peer] = []

    async def go(world: World, keys: Keys | None = None, **more: Any) -> Peer:
        peer = await (Peer.connect(world, keys, **more) if keys else Peer.local(world))
        peers.append(peer)
        return peer

    yield go
    for peer in peers:
        await peer.close()
