"""The address book of a real suite: what a call connected survives the death of `peers`, and of everything."""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.killing import service_pids
from tests.support.servers import OurServer
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sb-") as name:
        yield Path(name)


async def sbot(server: OurServer, *words: str) -> Any:
    """What `sbot METHOD` prints."""
    process = await asyncio.create_subprocess_exec(
        *server.command()[:3],
        *words,
        *server.arguments(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    out, _ = await process.communicate()
    return json.loads(out) if process.returncode == 0 and out.strip() else None


async def until_connected(server: OurServer, other: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        while True:
            told = await sbot(server, "peers.explain", other)
            if told and told[0]["why"].startswith("connected"):
                found: list[dict[str, Any]] = told
                return found
            await asyncio.sleep(0.2)


async def test_a_connected_address_survives_a_kill(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(OurServer(folder / "there"))
        here = await stack.enter_async_context(OurServer(folder / "here"))
        await sbot(here, "gossip.connect", there.address)
        book = here.folder / "conn.json"
        await until(lambda: book.exists() and there.address in book.read_text())
        pid = service_pids(here.process.pid)["peers"]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: service_pids(here.process.pid).get("peers") not in (None, pid))
        [told] = await until_connected(here, there.id)
        assert told["group"] == "strangers"
        assert json.loads(book.read_text())[there.address]["source"] == "manual"


async def test_a_pub_that_our_feed_announces_is_dialled(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(OurServer(folder / "there"))
        here = await stack.enter_async_context(OurServer(folder / "here"))
        where = ("--address.host", "127.0.0.1", "--address.port", str(there.port))
        await sbot(here, "publish", "--type", "pub", "--address.key", there.id, *where)
        [told] = await until_connected(here, there.id)
        assert told["address"] == there.address
        [peer] = await sbot(here, "gossip.peers")
        assert (peer["source"], peer["state"]) == ("pub", "connected")
