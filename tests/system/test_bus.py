"""The bus of a whole running suite: slow clients bound it, nonsense is refused and told, tcp needs keys."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common.bus import Node, Unavailable
from common.bus.frames import MAX_MESSAGE, encode
from common.bus.keyring import make
from common.crypto.keys import generate
from common.feed.create import create
from common.feed.json import Json, compact
from common.feed.record import pack_candidate
from common.feed.validate import Head, Verified, verify_raw
from common.runtime.secret import load_or_create
from common.wire.events import Ended, Items
from common.wire.session import Session
from tests.bus.wire import RawCaller
from tests.support.killing import SERVICES
from tests.support.peer import Peer, close
from tests.support.ports import free_port
from tests.support.processes import anonymous, named
from tests.support.servers import SHS_BYTES, OurServer
from tests.support.waiting import until

N_MESSAGES = 20_000
TEXT = "x" * 1000
N_CLIENTS = 4  # each would pull 30 MB out of the log
MAX_GROWTH = 20 << 20  # of one process: a window and some buffers each, the allocator's own
PATIENCE_S = 60


@pytest.fixture
async def ours(folder: Path) -> AsyncIterator[OurServer]:
    async with OurServer(folder / "ours") as server:
        yield server


def caller(server: OurServer, *services: str) -> Node:
    return Node("tester", lambda name: f"ipc://{server.folder}/run/{name}", calls=services)


async def ask(node: Node, service: str, method: str) -> Any:
    await node.wait_up(service, PATIENCE_S)
    return (await node.call(service, method)).json()


def written(seed: bytes, n: int) -> list[bytes]:
    """The messages of a feed, as candidates for the log."""
    keys, head, made = generate(seed), None, []
    for number in range(n):
        content: Json = {"type": "post", "text": TEXT}
        value = create(head, keys, None, content, 1_700_000_000_000 + number)
        one = verify_raw(compact(value).encode(), None)
        assert isinstance(one, Verified)
        head = Head(one.key, one.sequence)
        made.append(
            pack_candidate(one.key, one.author_raw, one.sequence, one.previous, one.compact)
        )
    return made


async def answered(raw: RawCaller) -> int:
    """The next call that is answered; pings are not for us."""
    while not (call := (await raw.receive()).call):
        pass
    return call


class Reader:
    """A client on the unix socket that has asked for the whole log, and reads when it likes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session = Session()

    async def open(self) -> None:
        self._reader, self.writer = await asyncio.open_unix_connection(self._path)
        self._number = self._session.call("source", ["createLogStream"], b'[{"values":true}]')
        self.writer.write(self._session.data_to_send())

    async def read_all(self) -> list[bytes]:
        found: list[bytes] = []
        while data := await self._reader.read(1 << 18):
            for event in self._session.receive_data(data):
                if isinstance(event, Items) and event.call == self._number:
                    found.extend(event.bodies)
                elif isinstance(event, Ended) and event.call == self._number:
                    assert event.failure is None
                    return found
        raise AssertionError


async def test_clients_that_do_not_read_bound_the_memory_of_every_hop(ours: OurServer) -> None:
    async with caller(ours, "storage") as node:
        await node.wait_up("storage", PATIENCE_S)
        sent = written(b"l" * 32, N_MESSAGES)
        for at in range(0, N_MESSAGES, 1000):
            await node.call("storage", "log.append", {}, bodies=sent[at : at + 1000])
        first, *stalled = (Reader(ours.folder / "socket") for _ in range(1 + N_CLIENTS))
        await first.open()
        whole = await first.read_all()  # the allocators have seen a reader now
        assert len(whole) == N_MESSAGES
        hops = {name: named(ours.process.pid, f"services.{name}") for name in SERVICES[:2]}
        before = {name: anonymous(pid) for name, pid in hops.items()}
        for reader in stalled:
            await reader.open()
        for _ in range(20):
            await asyncio.sleep(0.1)
            grown = {name: anonymous(pid) - before[name] for name, pid in hops.items()}
            assert max(grown.values()) < MAX_GROWTH, grown
        assert await ask(node, "storage", "log.position") == {"position": N_MESSAGES}
        assert await stalled[0].read_all() == whole
        for reader in (first, *stalled):
            await close(reader.writer)


async def test_nonsense_is_refused_and_told_by_status(ours: OurServer) -> None:
    raw = RawCaller(f"ipc://{ours.folder}/run/storage")
    try:
        await raw.meet()
        await raw.socket.send_multipart([b"\xc1"])
        await raw.socket.send_multipart([b"x" * 70_000])
        await raw.send_header(2, 8, 0, "", {}, [])
        await raw.send_header(1, 77, 0, "", {}, [])
        await raw.send_header(1, 3, 5, "", {}, [MAX_MESSAGE + 1], block=bytes(MAX_MESSAGE + 1))
        await raw.call(6, "log.position")
        assert [await answered(raw), await answered(raw)] == [5, 6]
        await raw.socket.send_multipart(
            [encode(8)[0], bytes(2 * MAX_MESSAGE)]
        )  # costs the connection
        async with caller(ours, "storage", "api") as node:
            assert await ask(node, "storage", "log.position") == {"position": 0}

            async def told() -> (
                Any
            ):  # busy with all that, storage may be late with its first answer
                services = (await ask(node, "api", "status"))["services"]
                return services if "bus" in services["storage"] else None

            await until(told, within=PATIENCE_S)
            services = await told()
    finally:
        raw.close()
    refused = services["storage"]["bus"]["refused"]
    assert refused == {"header": 1, "header_size": 1, "version": 1, "kind": 1, "size": 1}
    assert "bus" not in services["indexing"]


async def test_suite_works_over_tcp_and_lets_no_stranger_in(folder: Path) -> None:
    keys, strange = folder / "keys", folder / "strange"
    make(keys, [*SERVICES, "sbot", "tester"])
    make(strange, ["tester"])
    (strange / "storage.pub").write_bytes((keys / "storage.pub").read_bytes())
    where = {name: f"tcp://127.0.0.1:{free_port()}" for name in SERVICES}
    flags = [f"--bus.endpoints.{name}={endpoint}" for name, endpoint in where.items()]
    async with OurServer(folder / "ours", *flags, "--bus.keys", str(keys)) as ours:
        owner = load_or_create(ours.folder / "secret")
        async with Peer(owner, owner.public, ours.port, SHS_BYTES) as peer:
            sent = await peer.value("publish", {"type": "post", "text": "over tcp"})
            assert await peer.items("createLogStream") == [sent]
        stranger = Node("tester", where.__getitem__, calls=["storage"], keys=strange)
        known = Node("tester", where.__getitem__, calls=["storage", "api"], keys=keys)
        async with stranger, known:

            async def refused() -> Any:
                services = (await ask(known, "api", "status"))["services"]
                return services["storage"].get("bus", {}).get("refused", {}).get("key")

            await until(refused, within=PATIENCE_S)
            with pytest.raises(Unavailable):
                await stranger.call("storage", "log.position")
