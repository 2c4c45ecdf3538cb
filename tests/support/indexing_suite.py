"""The service `indexing` on a bus, beside a storage that is only a list of records."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from common.bus import Call, CallerError, Method, Node, OurError
from common.feed.private import Opened
from common.feed.record import HEADER_BYTES, Record, pack_record
from common.refs import FeedId, feed_id, message_id
from common.store import open_memory
from services.indexing.actor import methods
from services.indexing.adapters.builder import Builder
from services.indexing.adapters.eraser import Eraser
from services.indexing.adapters.follower import Follower
from services.indexing.adapters.generations import Generations
from services.indexing.adapters.log import Log
from services.indexing.adapters.search import Search
from services.indexing.model.index import Index
from services.indexing.model.shelf import FAMILIES
from services.indexing.views import VIEWS
from tests.support.waiting import PATIENCE_S, until

__all__ = ["FEEDS", "IDS", "FakeStorage", "Suite", "boxed", "indexing", "opens"]

FEEDS = [bytes([n]) * 32 for n in range(5)]
IDS = [FeedId(feed_id(raw)) for raw in FEEDS]
"""Feeds; the first is our own."""


def opens(value: Mapping[str, Any]) -> Opened | None:
    """Opens what is for us: the JSON before the suffix."""
    content = value["content"]
    if not isinstance(content, str) or not content.startswith("{"):
        return None
    return Opened(orjson.loads(content.removesuffix(".box")), b"slot")


def boxed(content: Any) -> str:
    """Content in a box that is for us."""
    return orjson.dumps(content).decode() + ".box"


class FakeStorage:
    """Just enough of storage's bus methods for whoever reads the log."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.keys: dict[str, Any] = {}
        """What it was told to open with."""
        self.run = 0
        self.changed = asyncio.Event()
        self.reads: Callable[[Mapping[str, Any]], bool] = lambda _: True
        """Whether `log.read` with these options gets any record now."""
        self.erased: dict[int, bytes] = {}
        """The journal: number -> position and old record."""
        self.told = -1
        """How far the follower of the journal says to be."""

    def add(self, author: int, content: Any, claimed: Any = 1, **fields: Any) -> str:
        """One more message, its id given back; received at 1000 + its position."""
        n = len(self.records) + 1
        value = {
            "previous": None,
            "author": IDS[author],
            "sequence": n,
            "timestamp": claimed,
            "hash": "sha256",
            "content": content,
            **fields,
        }
        message = orjson.dumps(value)
        self.push(pack_record(n.to_bytes(32), FEEDS[author], n, 1000.0 + n, message))
        return message_id(n.to_bytes(32))

    def push(self, record: bytes) -> None:
        """One more record, as it is."""
        self.records.append(record)
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def erase(self, position: int) -> None:
        """Delete a message."""
        old = self.records[position - 1]
        self.erased[len(self.erased) + 1] = position.to_bytes(8) + old
        self.records[position - 1] = old[:HEADER_BYTES]
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def interrupt(self) -> None:
        """End every stream, as a restart does."""
        self.run += 1
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def read(self, call: Call) -> None:
        run = self.run
        after, limit = call.args[0]["after"], call.args[0]["limit"]
        if after > len(self.records):
            raise CallerError("the log is shorter")
        while True:
            changed = self.changed
            bodies = self.records[after : None if limit < 0 else after + limit]
            if bodies and self.reads(call.args[0]):
                after += len(bodies)
                await call.send(bodies, position=after)
            if not call.args[0]["live"]:
                return
            await changed.wait()
            if after > len(self.records) or run != self.run:
                raise OurError("the disk was changed under us")

    async def read_erased(self, call: Call) -> None:
        run, after = self.run, call.args[0]["after"]
        while True:
            changed = self.changed
            if bodies := [raw for number, raw in self.erased.items() if number > after]:
                after = len(self.erased)
                await call.send(bodies, position=after)
            await changed.wait()
            if run != self.run:
                raise OurError("the disk was changed under us")

    async def take_erased(self, call: Call) -> None:
        self.told = call.args[0]["upto"]

    async def get(self, call: Call) -> None:
        asked = call.args[0]
        if "positions" in asked:
            await call.send([self.records[p - 1] for p in asked["positions"]])
        else:
            known = {message_id(Record.parse(raw).key): raw for raw in self.records}
            await call.send([known.get(key, b"") for key in asked["keys"]])

    async def feed(self, call: Call) -> None:
        """The records of a feed, whose first has sequence 1 here; a deleted one ends it."""
        author, first = call.args[0]["id"], call.args[0]["from"]
        found = [
            raw for raw in self.records if IDS[FEEDS.index(Record.parse(raw).author)] == author
        ]
        for record in found[first - 1 :]:
            await call.send([record])
            if len(record) == HEADER_BYTES:
                return

    async def position(self, call: Call) -> object:
        assert call
        return {"position": len(self.records)}

    async def take(self, call: Call) -> None:
        self.keys = call.args[0]

    def methods(self) -> dict[str, Method]:
        return {
            "log.read": Method("source", self.read, muxrpc=False),
            "feeds.read": Method("source", self.feed, muxrpc=False),
            "log.erasures": Method("source", self.read_erased, muxrpc=False),
            "log.erased": Method("async", self.take_erased, muxrpc=False),
            "log.get": Method("source", self.get, muxrpc=False),
            "log.position": Method("async", self.position, muxrpc=False),
            "keys.take": Method("async", self.take, muxrpc=False),
        }


class Suite:
    """The service, its storage, and a client."""

    def __init__(
        self,
        storage: FakeStorage,
        index: Index,
        follower: Follower,
        search: Search,
        client: Node,
    ) -> None:
        self.storage = storage
        self.index = index
        self.follower = follower
        self.search = search
        self.client = client

    async def call(self, method: str, *args: object) -> Any:
        """The value of an async method."""
        return (await self.client.call("indexing", method, *args)).json()

    async def items(self, method: str, *args: object) -> list[Any]:
        """All items of a source."""
        async with self.client.source("indexing", method, *args) as stream:
            return [item async for batch in stream for item in batch.json()]

    async def folded(self) -> None:
        """Wait until the views have seen all that was added."""
        async with asyncio.timeout(PATIENCE_S):
            await self.follower.wait_for(len(self.storage.records))

    async def says(self, state: str) -> None:
        """Wait until the service says this of its state."""

        async def so() -> bool:
            found: str = (await self.call("health"))["state"]["state"]
            return found == state

        await until(so)


@asynccontextmanager
async def indexing() -> AsyncIterator[Suite]:
    """The service with an empty log; IDS[0] is our own feed, and hops go to 2."""
    with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as folder:

        def endpoint(name: str) -> str:
            return f"ipc://{folder}/bus/{name}"

        storage = FakeStorage()
        index = Index(open_memory(FAMILIES), VIEWS, IDS[0], 2, opens)
        table: dict[str, Method] = {}
        node = Node("indexing", endpoint, table, calls=("storage",))
        log = Log(node)
        follower = Follower(log, index)
        search = Search(Generations(Path(folder)), log)
        builder = Builder(log, index, follower)
        table.update(methods(index, log, follower, builder, search, max_hops=2))
        client = Node("client", endpoint, calls=("indexing",))
        async with Node("storage", endpoint, storage.methods()), node, client:
            await client.wait_up("indexing", PATIENCE_S)
            eraser = Eraser(log, index, follower, search)
            work = (follower.follow(), builder.work(), eraser.work(), search.work())
            tasks = [asyncio.create_task(one) for one in work]
            yield Suite(storage, index, follower, search, client)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        search.close()
