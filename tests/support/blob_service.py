"""The service `blobs` on a bus, with a `network` whose peers are played by the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from common.bus import Call, Method, Node
from common.crypto.keys import generate
from common.feed.record import Record, pack_record
from common.refs import BlobId, FeedId, MessageId, raw
from common.refs.ids import blob_id, message_id
from common.runtime.settings import Settings, load
from services.blobs.actor import serve
from services.blobs.adapters.book import open_book
from services.blobs.adapters.files import Folder
from tests.support.waiting import PATIENCE_S, until

__all__ = [
    "ANN",
    "BOB",
    "OWN",
    "Log",
    "World",
    "add",
    "id_of",
    "read",
    "service",
    "want",
    "wanting",
]

OWN, ANN, BOB = (generate(bytes([n]) * 32).id for n in range(3))


def id_of(data: bytes) -> BlobId:
    return blob_id(sha256(data).digest())


class World:
    """Peers as network shows them: what they say, what they give, what became of them."""

    def __init__(self) -> None:
        self.notes: dict[str, asyncio.Queue[dict[str, int]]] = {}
        self.gives: dict[str, list[Any]] = {}
        """For each connection what its next `blobs.get` does: bytes, or an error to raise."""
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.refused: list[str] = []
        self.changes: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def table(self) -> dict[str, Method]:
        return {
            "connections.changes": Method("source", self._changes),
            "connections.call": Method("duplex", self._call),
            "connections.refuse": Method("async", self._refuse),
        }

    def meet(self, feed: FeedId, name: str) -> None:
        self.notes[name] = asyncio.Queue()
        self.gives[name] = []
        self.changes.put_nowait({"type": "connected", "connection": name, "feed": feed})

    def part(self, feed: FeedId, name: str) -> None:
        self.changes.put_nowait({"type": "disconnected", "connection": name, "feed": feed})

    async def _changes(self, call: Call) -> None:
        while True:
            await call.send([orjson.dumps(await self.changes.get())])

    async def _call(self, call: Call) -> None:
        asked = call.args[0]
        name, method = asked["connection"], asked["name"][1]
        if method == "createWants":
            while True:
                await call.send([orjson.dumps(await self.notes[name].get())])
        self.asked.append((name, method, asked["args"][0]))
        for step in self.gives[name].pop(0):
            if isinstance(step, Exception):
                raise step
            await call.send([step], types=b"\0")

    async def _refuse(self, call: Call) -> None:
        self.refused.append(call.args[0]["feed"])


class Log:
    """Messages and hops as storage and indexing show them."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.hops: dict[FeedId, int | None] = {OWN: 0}
        self.told = asyncio.Event()
        """The graph is known."""
        self.told.set()
        self.moves: asyncio.Queue[dict[FeedId, int | None]] = asyncio.Queue()

    def put(self, author: FeedId, content: object) -> MessageId:
        """One more message."""
        number = len(self.records) + 1
        key = sha256(str(number).encode()).digest()
        message = orjson.dumps({"author": author, "content": content})
        self.records.append(pack_record(key, raw(author), number, float(number), message))
        return message_id(key)

    def storage(self) -> dict[str, Method]:
        return {
            "log.position": Method("async", self._position),
            "log.read": Method("source", self._read),
            "log.get": Method("source", self._get),
        }

    def indexing(self) -> dict[str, Method]:
        return {"friends.hopStream": Method("source", self._hop_stream)}

    async def _position(self, _: Call) -> dict[str, int]:
        return {"position": len(self.records)}

    async def _read(self, call: Call) -> None:
        at = call.args[0]["after"]
        while True:
            if at < len(self.records):
                at += 1
                await call.send([self.records[at - 1]], position=at)
            else:
                await asyncio.sleep(0.02)

    async def _get(self, call: Call) -> None:
        asked = call.args[0]
        if "positions" in asked:
            await call.send([self.records[n - 1] for n in asked["positions"]])
        else:
            known = {message_id(Record.parse(body).key): body for body in self.records}
            await call.send([known.get(key, b"") for key in asked["keys"]])

    async def _hop_stream(self, call: Call) -> None:
        await self.told.wait()
        await call.send([orjson.dumps(self.hops)])
        while True:
            await call.send([orjson.dumps(await self.moves.get())])


@asynccontextmanager
async def service(
    folder: Path, *wishes: str, reserve: int = 0, log: "Log | None" = None
) -> AsyncIterator[tuple[World, Node]]:
    """The service with these settings, the peers of its network, and a client."""
    settings: Settings = load(
        ["--path", str(folder), "--bus.dir", str(folder / "bus"), *wishes],
        {},
        home=folder,
        here=folder,
    )
    (folder / "bus").mkdir(mode=0o700, exist_ok=True)
    world = World()
    book = open_book(folder)
    log = log or Log()
    async with (
        Node("network", settings.endpoint, world.table()),
        Node("storage", settings.endpoint, log.storage()),
        Node("indexing", settings.endpoint, log.indexing()),
        Node("test", settings.endpoint, calls=("blobs",)) as client,
    ):
        task = asyncio.create_task(serve(settings, OWN, Folder(folder / "blobs", reserve), book))
        try:
            await client.wait_up("blobs", PATIENCE_S)
            yield world, client
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            book.close()


async def want(client: Node, blob: BlobId) -> None:
    assert (await client.call("blobs", "blobs.want", blob, deadline_ms=PATIENCE_S * 1000)).json()


async def wanting(client: Node, *blobs: BlobId) -> "asyncio.Future[list[None]]":
    """Begin to want blobs; back when the wants stand. What a peer says that it has before is not heard."""
    waiting = asyncio.gather(*(want(client, blob) for blob in blobs))

    async def stand() -> bool:
        wants = (await client.call("blobs", "blobs.wants")).json()
        return waiting.done() or set(blobs) <= set(wants)

    await until(stand)
    return waiting


async def read(client: Node, blob: BlobId) -> bytes:
    async with client.source("blobs", "blobs.get", blob) as stream:
        return b"".join([body async for batch in stream for body in batch.bodies])


async def add(client: Node, data: bytes) -> BlobId:
    sink = client.sink("blobs", "blobs.add")
    await sink.send([data], types=b"\0")
    blob: BlobId = (await sink.end()).json()
    return blob
