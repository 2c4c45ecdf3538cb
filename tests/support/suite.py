"""Stand-ins for the services around replication, on a real bus: each knows just what replication asks of it.

A `Board` is one node of the network: its stand-ins and a real replication service. `Wiring` joins two of them as
their `network` services would.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec
import orjson

from common.bus import Call, Caller, CallerError, Method, Node, OurError, PeerError
from common.crypto.keys import Keys, generate
from common.feed.create import create
from common.feed.json import Json, compact
from common.feed.record import Candidate, Record, pack_record
from common.feed.validate import Head, Verified, verify_raw
from common.graph import Edge
from common.refs import FeedId, MessageId, feed_id, message_id, raw
from common.runtime.settings import Settings, load
from services.replication.actor import serve
from tests.support.waiting import PATIENCE_S, until


def keys_of(number: int) -> Keys:
    return generate(bytes([number]) * 32)


def feed_of(keys: Keys, count: int, head: Head | None = None) -> list[Verified]:
    """A run of signed messages."""
    run = []
    for n in range(count):
        content: Json = {"type": "post", "text": f"{n}"}
        message = compact(create(head, keys, None, content, 1_700_000_000_000 + n)).encode()
        verified = verify_raw(message, None)
        assert isinstance(verified, Verified)
        head = Head(verified.key, verified.sequence)
        run.append(verified)
    return run


class Failing(Protocol):
    """A stand-in whose first streams fail."""

    fail_first: int


def _fail(service: Failing) -> None:
    if service.fail_first:
        service.fail_first -= 1
        raise OurError("not yet")


class Storage:
    """A log in memory."""

    def __init__(self) -> None:
        self.log: list[bytes] = []
        self.feeds: dict[str, list[bytes]] = {}
        self.moved = asyncio.Event()
        self.appends = 0
        self.broken = ""
        """What every call fails with."""
        self.refuse = ""
        """Why every message is refused."""
        self.fail_first = 0
        """How many streams fail."""
        self.replaced = False
        self.strays: dict[MessageId, bytes] = {}
        self.looks = 0
        self.locks: list[bool] = [False]
        """Whether our own feed is locked, as it was told so far."""
        self.seen: dict[str, int] = {}
        """How far peers have our own feed."""
        self.brought: list[Any] = []
        """What was said of who brought messages."""

    def methods(self) -> dict[str, Method]:
        return {
            "log.append": Method("async", self.append, muxrpc=False),
            "log.read": Method("source", self.read, muxrpc=False),
            "feeds.read": Method("source", self.read_feed, muxrpc=False),
            "feeds.heads": Method("source", self.heads, muxrpc=False),
            "ooo.find": Method("source", self.find, muxrpc=False),
            "ooo.put": Method("async", self.keep, muxrpc=False),
            "own.locked": Method("source", self.own_locked, muxrpc=False),
            "own.seen": Method("async", self.own_seen, muxrpc=False),
        }

    def clock(self) -> dict[str, int]:
        return {feed: len(records) for feed, records in self.feeds.items()}

    def wake(self) -> None:
        """Lets all look who wait for something new."""
        moved, self.moved = self.moved, asyncio.Event()
        moved.set()

    def put(self, key: bytes, author: bytes, sequence: int, message: bytes) -> None:
        record = pack_record(key, author, sequence, float(len(self.log) + 1), message)
        self.log.append(record)
        self.feeds.setdefault(feed_id(author), []).append(record)
        self.wake()

    def publish(self, run: list[Verified]) -> None:
        for one in run:
            self.put(one.key, one.author_raw, one.sequence, one.compact)

    async def append(self, call: Call) -> dict[str, Any]:
        refused: list[dict[str, Any]] = []
        self.appends += 1
        self.brought += call.args[0]["from"]
        if self.broken:
            raise OurError(self.broken)
        if self.refuse:
            refused = [{"index": n, "reason": self.refuse} for n in range(len(call.bodies))]
            return {"position": len(self.log), "appended": 0, "refused": refused}
        for index, body in enumerate(call.bodies):
            one = Candidate.parse(body)
            feed = self.feeds.get(feed_id(one.author), [])
            if one.sequence == len(feed) + 1:
                if feed and Record.parse(feed[-1]).key != one.previous:
                    refused.append({"index": index, "reason": "fork"})
                    continue
                self.put(one.key, one.author, one.sequence, one.message)
            else:
                reason = "known" if one.sequence <= len(feed) else "gap"
                if reason == "known" and Record.parse(feed[one.sequence - 1]).key != one.key:
                    reason = "fork"
                refused.append({"index": index, "reason": reason})
        return {"position": len(self.log), "appended": 0, "refused": refused}

    async def find(self, call: Call) -> None:
        records = map(Record.parse, self.log)
        known = {message_id(record.key): record.message for record in records} | self.strays
        self.looks += 1
        await call.send([known.get(key, b"") for key in call.args[0]["keys"]])

    async def keep(self, call: Call) -> dict[str, int]:
        if self.broken:
            raise OurError(self.broken)
        found = map(Candidate.parse, call.bodies)
        self.strays |= {message_id(one.key): one.message for one in found}
        return {"stored": len(call.bodies)}

    async def own_seen(self, call: Call) -> None:
        self.seen[call.args[0]["peer"]] = call.args[0]["sequence"]

    def lock(self, *, locked: bool) -> None:
        self.locks.append(locked)
        self.wake()

    async def own_locked(self, call: Call) -> None:
        told = 0
        while True:
            moved = self.moved
            for locked in self.locks[told:]:
                await call.send([orjson.dumps({"locked": locked, "why": None})])
            told = len(self.locks)
            await moved.wait()

    async def read(self, call: Call) -> None:
        _fail(self)
        await self._follow(call, call.args[0]["after"], -1, live=True, log=lambda: self.log)

    async def read_feed(self, call: Call) -> None:
        wanted = call.args[0]
        if self.broken:
            raise OurError(self.broken)
        await self._follow(
            call,
            wanted["from"] - 1,
            wanted["limit"],
            live=wanted["live"],
            log=lambda: self.feeds.get(wanted["id"], []),
        )

    async def _follow(
        self, call: Call, at: int, limit: int, *, live: bool, log: Callable[[], list[bytes]]
    ) -> None:
        left = limit if limit >= 0 else 1 << 60
        while left:
            moved = self.moved
            run = log()[at : at + min(left, 200)]
            if run:
                at, left = at + len(run), left - len(run)
                await call.send(run, position=at)
            elif live:
                if self.replaced:
                    raise CallerError("the log ends before that position")
                await moved.wait()
            else:
                return

    async def heads(self, call: Call) -> None:
        _fail(self)
        bodies = []
        for feed, records in self.feeds.items():
            head = Record.parse(records[-1])
            bodies.append(raw(FeedId(feed)) + head.sequence.to_bytes(8, "big") + head.key)
        if bodies:
            await call.send(bodies, position=len(self.log))


class Indexing:
    """A graph that tests draw."""

    def __init__(self, edges: list[Edge]) -> None:
        self.fail_first = 0
        self.edges = edges
        self.drawn = asyncio.Event()

    def methods(self) -> dict[str, Method]:
        return {"graph.edges": Method("source", self.read, muxrpc=False)}

    def draw(self, *edges: Edge) -> None:
        self.edges += edges
        drawn, self.drawn = self.drawn, asyncio.Event()
        drawn.set()

    async def read(self, call: Call) -> None:
        _fail(self)
        told = len(self.edges)
        source = call.args[0].get("source")
        edges = [edge for edge in self.edges if source in (None, edge.source)]
        await call.send([*(orjson.dumps(edge._asdict()) for edge in edges), b'{"sync":true}'])
        while call.args[0].get("live"):
            drawn = self.drawn
            if told == len(self.edges):
                await drawn.wait()
            items = [orjson.dumps(edge._asdict()) for edge in self.edges[told:]]
            told = len(self.edges)
            await call.send(items)


Answer = Callable[[Call, dict[str, Any]], Any]


class Network:
    """Connections that tests make; a call of a peer is answered by the function given for it."""

    def __init__(self) -> None:
        self.fail_first = 0
        self.changes_made: list[dict[str, Any]] = []
        self.changed = asyncio.Event()
        self.answers: dict[str, Answer] = {}
        self.strays: dict[str, Answer] = {}
        """Who answers `ooo.stream`; the others have no such method."""
        self.refused: list[dict[str, Any]] = []
        self.closed: list[str] = []

    def methods(self) -> dict[str, Method]:
        return {
            "connections.changes": Method("source", self.changes, muxrpc=False),
            "connections.call": Method("duplex", self.call, muxrpc=False),
            "connections.refuse": Method("async", self.refuse, muxrpc=False),
            "connections.close": Method("async", self.close, muxrpc=False),
        }

    def tell(self, kind: str, connection: str, feed: str, *, client: bool) -> None:
        change = {"type": kind, "connection": connection, "feed": feed, "client": client}
        self.changes_made.append(change)
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def changes(self, call: Call) -> None:
        _fail(self)
        told = 0
        while True:
            changed = self.changed
            if told == len(self.changes_made):
                await changed.wait()
            items = self.changes_made[told:]
            told += len(items)
            await call.send([orjson.dumps(item) for item in items])

    async def close(self, call: Call) -> None:
        self.closed.append(call.args[0]["connection"])

    async def refuse(self, call: Call) -> None:
        self.refused.append(call.args[0])

    async def call(self, call: Call) -> None:
        wanted = call.args[0]
        answers = self.strays if wanted["name"] == ["ooo", "stream"] else self.answers
        answer = answers.get(wanted["connection"])
        if answer is None:
            raise PeerError("no such connection")
        await answer(call, wanted)


class Board:
    """One node: stand-ins, a bus in a folder, and a real replication service."""

    def __init__(
        self,
        folder: Path,
        keys: Keys,
        edges: list[Edge],
        hops: int = 2,
        flags: Sequence[str] = (),
    ) -> None:
        self.keys = keys
        self.storage = Storage()
        self.indexing = Indexing(edges)
        self.network = Network()
        argv = ["--path", str(folder), "--friends.hops", str(hops), *flags]
        self.settings: Settings = load(argv, {}, folder, folder)
        self.node: Node
        self.storage_node: Node
        self.services: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Board"]:
        self.settings.bus_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        endpoint = self.settings.endpoint
        async with AsyncExitStack() as stack:
            self.storage_node = Node("storage", endpoint, self.storage.methods())
            await stack.enter_async_context(self.storage_node)
            for name in ("indexing", "network"):
                methods = getattr(self, name).methods()
                await stack.enter_async_context(Node(name, endpoint, methods))
            workers = self.settings.workers("replication")
            for number, worker in enumerate(workers, 1):
                self.start(worker, number)
            stack.push_async_callback(self._stop)
            self.node = Node("tester", endpoint, calls=workers)
            await stack.enter_async_context(self.node)
            for worker in workers:
                await self.node.wait_up(worker, PATIENCE_S)
            yield self

    def start(self, worker: str, number: int) -> None:
        """Starts one worker of the service."""
        settings = msgspec.structs.replace(self.settings, worker=number)
        self.services[worker] = asyncio.ensure_future(serve(settings, self.keys.id))

    async def _stop(self) -> None:
        for service in self.services.values():
            service.cancel()
        await asyncio.gather(*self.services.values(), return_exceptions=True)

    async def state(self) -> dict[str, Any]:
        """What the service says of itself, once it has begun."""

        async def begun() -> Any:
            state = (await self.node.call("replication", "health")).json()["state"]
            return state if "feeds" in state else None  # what its process takes is told before

        found: dict[str, Any] = await until(begun)
        return found

    async def stands(self, holds: Callable[[dict[str, Any]], object]) -> None:
        """Waits until what the service says of itself is so."""

        async def so() -> object:
            return holds(await self.state())

        await until(so)

    def caller(self, feed: str, connection: str = "x") -> Caller:
        return Caller(feed, "anonymous", "net", connection, client=False)


def dial(a: Board, b: Board, *, ebt: bool = True) -> None:
    """A connection from a to b, over which each calls the other's replication service."""

    def bridge(here: Board, there: Board) -> Answer:
        async def answer(call: Call, wanted: dict[str, Any]) -> None:
            method = ".".join(wanted["name"])
            if method == "ebt.replicate" and not ebt:
                raise PeerError("method:ebt,replicate is not in list of allowed methods")
            caller = there.caller(here.keys.id, "link")
            node = there.node
            args = wanted["args"]
            if wanted["type"] == "source":
                async with node.source("replication", method, *args, caller=caller) as stream:
                    async for batch in stream:
                        await call.send(batch.bodies)
                return
            async with node.duplex("replication", method, *args, caller=caller) as stream:

                async def outward() -> None:
                    async for batch in call:
                        await stream.send(batch.bodies)
                    await stream.end()

                sending = asyncio.ensure_future(outward())
                try:
                    async for batch in stream:
                        await call.send(batch.bodies)
                finally:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)

        return answer

    a.network.answers["link"] = bridge(a, b)
    b.network.answers["link"] = bridge(b, a)
    a.network.tell("connected", "link", b.keys.id, client=True)
    b.network.tell("connected", "link", a.keys.id, client=False)
