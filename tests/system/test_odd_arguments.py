"""Every method, called with what no client should send: an answer or an error in words, and no service stumbles."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

from common.runtime.secret import load_or_create
from common.wire.events import Ended, Value
from tests.support.offers import flat
from tests.support.peer import Peer, RefusedError
from tests.support.servers import SHS_BYTES, CompactServer

ODD: list[list[Any]] = [
    [{"path": "/"}],
    [["a", {}]],
    [-1.5],
    [None],
    ["x", {}],
    [{"id": {}, "query": {"a": []}, "root": [], "text": {}, "limit": {}, "keys": [{}]}],
    [{"id": 1, "author": {}, "hashtag": [], "content": {"type": []}, "recps": [{}], "gt": {}}],
    [[[[]]], [{}], True],
]
MOMENT_S = 1.0
"""Whatever has not answered then waits for something, as live streams do."""


async def ask(owner: Peer, kind: str, name: str, args: list[Any]) -> None:
    number = owner.call("async" if kind == "sync" else kind, name, *args)
    with suppress(TimeoutError):
        async with asyncio.timeout(MOMENT_S):
            while not isinstance(await owner.event(number), Value | Ended):
                pass


async def test_no_method_stumbles_over_what_it_is_given(folder: Path) -> None:
    server = CompactServer(folder / "ours")
    async with server:
        keys = load_or_create(server.folder / "secret")

        def owner() -> Peer:
            return Peer(keys, keys.public, server.port, SHS_BYTES)

        async with owner() as peer:
            offered = flat(await peer.value("manifest")).items()
        for args in ODD:
            async with owner() as peer:
                await asyncio.gather(*(ask(peer, kind, name, args) for name, kind in offered))
        async with owner() as peer:
            with suppress(RefusedError):
                await peer.value("publish", {"type": "post", "text": "well"})
            assert (await peer.value("whoami"))["id"] == server.id
    said = server.folder.with_name("ours.log").read_text()
    assert "Traceback" not in said, said
