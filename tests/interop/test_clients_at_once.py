"""Several real clients at once, over the unix socket, net and WebSockets: each sees one and the same order."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.driver import Driver
from tests.support.servers import OURS

pytestmark = pytest.mark.interop
EACH = 40
LIMIT_S = 60


async def follow(client: Driver, method: str, options: dict[str, Any], count: int) -> list[str]:
    """The ids that a live stream gives, from before the first message on."""
    live = {"live": True, "sync": False, **options}
    return [str(item["key"]) async for item in client.source(method, live, limit=count)]


@pytest.mark.parametrize("kind", OURS)
async def test_all_see_the_same_order_while_all_publish(folder: Path, kind: str) -> None:
    async with OURS[kind](folder / "ours") as server:
        remotes = [server.address, server.ws_address, f"unix:{server.folder / 'socket'}~noauth"]
        clients = [await server.client(remote=remote) for remote in remotes]
        total = EACH * len(clients)
        streams = [
            asyncio.create_task(follow(client, method, options, total))
            for client in clients
            for method, options in (
                ("createLogStream", {}),
                ("createUserStream", {"id": server.id}),
                ("messagesByType", {"type": "post"}),
            )
        ]

        async def publish(client: Driver, name: int) -> list[str]:
            keys = []
            for n in range(EACH):
                post = {"type": "post", "text": f"{name}: {n}"}
                keys.append(str((await client.call("publish", post))["key"]))
            return keys

        async with asyncio.timeout(LIMIT_S):
            published = await asyncio.gather(*map(publish, clients, range(len(clients))))
            seen = await asyncio.gather(*streams)
        assert all(one == seen[0] for one in seen)
        assert sorted(seen[0]) == sorted(key for keys in published for key in keys)
        for keys in published:
            assert [key for key in seen[0] if key in set(keys)] == keys
