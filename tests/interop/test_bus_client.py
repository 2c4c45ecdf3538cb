"""A client of the bus in Node, written from docs/bus.md alone, at our running suite."""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Node
from common.bus.keyring import make
from common.feed.record import Record
from common.refs import message_id
from tests.support.node_packages import install, require_node
from tests.support.ports import free_port
from tests.support.processes import named
from tests.support.servers import OurServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
CLIENT = Path(__file__).parent / "bus-client"
PATIENCE_S = 60


@pytest.fixture(scope="module")
def client() -> Path:
    require_node()
    install(CLIENT)
    return CLIENT


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
async def ours(client: Path, short: Path) -> AsyncIterator[OurServer]:
    assert client
    async with OurServer(short / "ours") as server:
        yield server


@pytest.fixture
async def node(ours: OurServer) -> AsyncIterator[Node]:
    async with Node("tester", lambda name: f"ipc://{bus(ours)}/{name}", calls=["storage"]) as one:
        yield one


def bus(server: OurServer) -> Path:
    """The folder of its sockets, as its services were told."""
    return server.folder / "run"


async def ask(server: OurServer, service: str, method: str, *args: object) -> Any:
    """What ask.js prints."""
    return await ask_at(f"ipc://{bus(server)}/{service}", method, args)


async def ask_at(endpoint: str, method: str, args: Sequence[object], *keys: str) -> Any:
    """What ask.js prints; over tcp it needs keys."""
    process = await asyncio.create_subprocess_exec(
        *("node", str(CLIENT / "ask.js"), endpoint, method, json.dumps(args), *keys),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate()
    return json.loads(out)


class Alone(OurServer):
    """A suite without `network`: it is ready without an address."""

    async def ready(self) -> None:
        assert self.process.stdout is not None
        assert await self.process.stdout.readline() == b"ready\n"


class Follower:
    """follow.js, and the file in which it keeps what it saw."""

    def __init__(self, server: OurServer, file: Path) -> None:
        self._server = server
        self.file = file

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *("node", str(CLIENT / "follow.js"), str(bus(self._server)), str(self.file)),
            stdout=asyncio.subprocess.PIPE,
        )

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def said(self) -> Any:
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self.process.stdout.readline())

    def seen(self) -> list[str]:
        text = self.file.read_text() if self.file.exists() else ""
        return text[: text.rfind("\n") + 1].splitlines()


async def publish(node: Node, count: int) -> None:
    """Publish, again where storage was away."""
    for n in range(0, count, 50):
        calls = [publish_one(node, n + m) for m in range(min(50, count - n))]
        await asyncio.gather(*calls)


async def publish_one(node: Node, n: int) -> None:
    while True:
        await node.wait_up("storage", PATIENCE_S)
        try:
            await node.call("storage", "publish", {"type": "post", "text": f"{n}" * 100})
        except BusError as error:
            assert error.code == "unavailable"  # noqa: PT017  others are failures
        else:
            return


async def truth(node: Node) -> list[str]:
    """What a follower must have seen."""
    await node.wait_up("storage", PATIENCE_S)
    records = [
        Record.parse(body)
        async for batch in node.source("storage", "log.read", {"after": 0})
        for body in batch.bodies
    ]
    return [f"{at + 1} {message_id(record.key)}" for at, record in enumerate(records)]


async def test_methods_are_called(ours: OurServer) -> None:
    assert await ask(ours, "api", "whoami") == {"value": {"id": ours.id}, "type": "sync"}
    position = await ask(ours, "storage", "log.position")
    assert position == {"value": {"position": 0}, "type": "async"}
    absent = await ask(ours, "storage", "no.such")
    assert (absent["fault"], absent["code"]) == ("caller", "no_such_method")
    wrong = await ask(ours, "storage", "log.read", {})
    assert (wrong["fault"], wrong["code"]) == ("caller", "bad_argument")


async def test_methods_are_called_over_tcp(client: Path, short: Path) -> None:
    assert client
    keys, where = short / "keys", f"tcp://127.0.0.1:{free_port()}"
    make(keys, ["sbot", "api", "friend"])
    flags = ("--services", "api", "--bus.endpoints.api", where, "--bus.keys", str(keys))
    async with Alone(short / "ours", *flags):
        answer = await ask_at(where, "whoami", [], str(keys), "friend", "api")
    assert answer["type"] == "sync"
    assert answer["value"]["id"].endswith(".ed25519")


async def test_follower_misses_nothing_and_sees_nothing_twice(
    ours: OurServer, node: Node, tmp_path: Path
) -> None:
    follower = Follower(ours, tmp_path / "seen")

    async def keeps_up() -> bool:
        return follower.seen() == await truth(node)

    await publish(node, 150)  # before it came: more than its window
    await follower.start()
    try:
        assert await follower.said() == {"up": 150}
        publishing = asyncio.create_task(publish(node, 100))  # while it follows
        await until(lambda: count(follower, 200), within=PATIENCE_S)
        await follower.kill()
        await publishing
        await publish(node, 50)  # while it is away
        await follower.start()
        assert "up" in await follower.said()
        publishing = asyncio.create_task(publish(node, 200))
        await asyncio.sleep(0.1)
        os.kill(named(ours.process.pid, "services.storage"), signal.SIGKILL)
        assert await follower.said() == {"error": "unavailable"}
        assert "up" in await follower.said()
        await publishing
        await until(keeps_up, within=PATIENCE_S)
        assert len(follower.seen()) >= 500
    finally:
        await follower.kill()


async def count(follower: Follower, least: int) -> bool:
    return len(follower.seen()) >= least
