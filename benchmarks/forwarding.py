"""Rows: what one server passes on: from one peer to ten, along a line of five, and to two hundred who want everything."""

import asyncio
import hashlib
import json
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import orjson

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Figures
from benchmarks.helper import Helper, net_order
from benchmarks.watch import Watch
from common.refs import raw
from common.runtime.secret import load_or_create
from common.wire.events import Items
from tests.support.healthy import Healthy
from tests.support.peer import Peer
from tests.support.processes import pss_mb
from tests.support.servers import SHS_BYTES, Server
from tests.support.siege import Feed, Target, stranger

TEN = 10
FEEDS = 50
TWO_HUNDRED = 200
SERVE_LIMIT_S = 1200
FORWARD_LIMIT_S = 300
LINE = 5
PUBLISHES = 100
PAUSE_S = 0.02
ARRIVE_LIMIT_S = 30
SETTLE_S = 2.0


async def forward_ten(bench: Bench, kind: type[Server]) -> Figures:
    """Messages of one peer, which sends as fast as it is taken, through a server to ten who ask for all of it."""
    length = max(bench.n_messages // FEEDS, 1)
    feeds = [Feed(f"forwarded {n}", length) for n in range(FEEDS)]
    async with kind(bench.place()) as server:
        client = await server.client()
        ids = [feed.keys.id for feed in feeds]
        contacts = [[{"type": "contact", "contact": id_, "following": True}] for id_ in ids]
        await client.many("publish", contacts)
        await asyncio.sleep(SETTLE_S)
        runs = {str(feed.keys.id): feed.messages for feed in feeds}
        order = _order(bench, server, runs, TEN, FORWARD_LIMIT_S)
        async with Watch(server) as watch, Helper("takers", order) as takers:
            await asyncio.sleep(SETTLE_S)
            began = time.monotonic()
            target = Target(raw(server.id), server.port, SHS_BYTES)
            sending = asyncio.ensure_future(Healthy(feeds).run(target, stranger("source")))
            _expect(await takers.answer(), TEN)
            watch.seconds = time.monotonic() - began
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    return watch.figures(FEEDS * length)


async def serve_200(bench: Bench, kind: type[Server]) -> Figures:
    """All messages of a full server to each of two hundred peers at once."""
    async with kind(await bench.full(kind)) as server:
        await asyncio.sleep(SETTLE_S)
        before = pss_mb(server.process.pid)
        order = _order(bench, server, _texts(bench), TWO_HUNDRED, SERVE_LIMIT_S)
        async with Watch(server) as watch, Helper("takers", order) as takers:
            answer = await takers.answer()
            watch.seconds = float(answer["seconds"])
    sent = TWO_HUNDRED * bench.n_messages
    return {
        f"of {TWO_HUNDRED}, served": Figure(answer["served"]),
        **watch.figures(sent),
        "MB more than before": Figure(watch.peak_mb - before),
    }


async def line_of_five(bench: Bench, kind: type[Server]) -> Figures:
    """Five servers, each connected to the next: from the call of publish at one end to the item at the other."""
    async with AsyncExitStack() as stack:
        starts = [stack.enter_async_context(kind(bench.place())) for _ in range(LINE)]
        line = await asyncio.gather(*starts)
        clients = [await server.client() for server in line]
        for client in clients[1:]:
            await client.call(
                "publish", {"type": "contact", "contact": line[0].id, "following": True}
            )
        for client, following in zip(clients, line[1:], strict=False):
            await client.call("gossip.connect", following.address)
        first, last = [await stack.enter_async_context(_owner(s)) for s in (line[0], line[-1])]
        took = await _arrivals(first, last)
    return {
        "ms to the other end, median": Figure(statistics.median(took) * 1000),
        "ms to the other end, 95 of 100": Figure(statistics.quantiles(took, n=20)[-1] * 1000),
    }


async def _arrivals(first: Peer, last: Peer) -> list[float]:
    """Seconds of each publish until it is at the other end; the first few, which warm up, left out."""
    options = {"live": True, "old": False, "keys": True}
    live = last.call("source", "createLogStream", options)
    took = []
    await asyncio.sleep(SETTLE_S)
    for n in range(PUBLISHES + PUBLISHES // 10):
        began = time.monotonic()
        publishing = asyncio.ensure_future(first.value("publish", {"type": "post", "text": f"{n}"}))
        arrived = await asyncio.wait_for(_next_key(last, live), ARRIVE_LIMIT_S)
        took.append(time.monotonic() - began)
        if arrived != (await publishing)["key"]:
            raise RuntimeError("another message arrived")
        await asyncio.sleep(PAUSE_S)
    return took[PUBLISHES // 10 :]


async def _next_key(peer: Peer, call: int) -> str:
    while True:
        event = await peer.event(call)
        if not isinstance(event, Items):
            raise ConnectionError(str(event))
        for body in event.bodies:
            item = orjson.loads(body)
            if "key" in item:
                return str(item["key"])


@asynccontextmanager
async def _owner(server: Server) -> AsyncIterator[Peer]:
    keys = load_or_create(server.folder / "secret")
    async with Peer(keys, raw(server.id), server.port, SHS_BYTES) as peer:
        yield peer


def _texts(bench: Bench) -> dict[str, list[bytes]]:
    """The messages of the data as they go over the wire, by feed."""
    found: dict[str, list[bytes]] = {feed: [] for feed in bench.feeds}
    for line in (bench.folder / "messages.jsonl").open("rb"):
        text = line[line.index(b'"value":') + len(b'"value":') : line.rindex(b"}")]
        found[json.loads(text)["author"]].append(text)
    return found


def _order(
    bench: Bench, server: Server, runs: Mapping[str, list[bytes]], count: int, limit: float
) -> dict[str, object]:
    """What `benchmarks.takers` is told."""
    wanted = bench.folder / "wanted.json"
    wanted.write_text(
        json.dumps(
            {
                feed: [len(run), hashlib.sha256(b"".join(run)).hexdigest()]
                for feed, run in runs.items()
            }
        )
    )
    return {
        **net_order(server),
        "count": count,
        "lazy": 0,
        "wanted": str(wanted),
        "limit": limit,
    }


def _expect(answer: dict[str, object], served: int) -> None:
    if answer["served"] != served:
        raise RuntimeError(f"not all were served: {answer}")
