"""The service in this process, over a real bus and a real database; a client; signed messages."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq

from common.bus import Node
from common.crypto.keys import Keys, generate
from common.feed import json, validate
from common.feed.create import create
from common.feed.record import Record, pack_candidate
from common.feed.validate import Head, Verified
from common.refs.ids import raw
from common.runtime import own_file
from common.runtime.clock import RisingClock
from services.storage.actor import methods
from services.storage.adapters.compactor import Compactor
from services.storage.adapters.database import Database, open_database
from services.storage.adapters.own_feed import OwnFeed
from services.storage.adapters.writer import Writer
from services.storage.handlers.messages import Identity
from services.storage.settings import OwnFeedSettings
from tests.support.waiting import PATIENCE_S

OWN = generate(b"o" * 32)
RULES = OwnFeedSettings(confirmations=1, wait=50, patience=500)


class Author:
    """Somebody who signs messages; each gives the bytes of its candidate."""

    def __init__(self, seed: int) -> None:
        self.keys: Keys = generate(bytes([seed]) * 32)
        self.id = self.keys.id
        self.values: list[Any] = []
        self.head: Head | None = None

    def write(self, n: int = 1, *, at: Head | None = None, **content: Any) -> list[bytes]:
        """The next messages; `at` signs them after another head, without going there."""
        made: list[bytes] = []
        for _ in range(n):
            value = create(
                at or self.head, self.keys, None, {"type": "test", **content}, 1.5e12 + len(made)
            )
            found = validate.verify_value(value, None)
            assert isinstance(found, Verified)
            if at is None:
                self.values.append(value)
                self.head = Head(found.key, found.sequence)
            made.append(
                pack_candidate(
                    found.key, found.author_raw, found.sequence, found.previous, found.compact
                )
            )
        return made


class Client:
    """Calls the service and reads what it gives."""

    def __init__(self, node: Node, database: Database, writer: Writer) -> None:
        self.node = node
        self.database = database
        self.writer = writer

    async def call(self, method: str, *args: object, bodies: list[bytes] | None = None) -> Any:
        return (await self.node.call("storage", method, *args, bodies=bodies or ())).json()

    async def append(self, candidates: list[bytes]) -> Any:
        return await self.call("log.append", {}, bodies=candidates)

    async def bodies(self, method: str, *args: object) -> list[bytes]:
        async with self.node.source("storage", method, *args) as stream:
            return [body async for batch in stream for body in batch.bodies]

    async def items(self, method: str, *args: object) -> list[Any]:
        return [json.parse(body) for body in await self.bodies(method, *args)]

    async def records(self, method: str, *args: object) -> list[Record]:
        return [Record.parse(body) for body in await self.bodies(method, *args)]


Start = Callable[..., Any]


@asynccontextmanager
async def start(
    path: Path,
    wall: Callable[[], float] | None = None,
    hmac_key: bytes | None = None,
    *,
    forced: bool = False,
) -> AsyncIterator[Client]:
    context: Any = zmq.Context()
    ticks = itertools.count(1_700_000_000_000)
    clock = wall or (lambda: float(next(ticks)))
    path.mkdir(exist_ok=True)
    if not any((path / own_file.FOLDER).glob("own.*")):
        own_file.begin(path, OWN.id, 0)
    with (
        open_database(path) as database,
        Writer(database, clock, OWN.public) as writer,
        OwnFeed(path, OWN.public, writer.log, RULES, forced=forced) as own_feed,
    ):
        claimed = RisingClock(clock, database.claimed_by(raw(OWN.id)))
        identity = Identity(OWN, hmac_key, claimed, lambda n: bytes(range(n)), own_feed)
        async with Compactor(database, 0) as compactor:
            table = methods(database, writer, compactor, identity)
            service = Node("storage", _endpoint, table, parse=json.parse, context=context)
            client = Node("test", _endpoint, calls=["storage"], parse=json.parse, context=context)
            async with service, client:
                await client.wait_up("storage", PATIENCE_S)
                yield Client(client, database, writer)
    context.term()


def _endpoint(service: str) -> str:
    return f"inproc://{service}"


@pytest.fixture
def start_storage() -> Start:
    return start


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Client]:
    async with start(tmp_path) as client:
        yield client


@pytest.fixture
def authors() -> list[Author]:
    return [Author(seed) for seed in (1, 2, 3)]
