"""Rows: questions to a full server in the language of ssb-query and to its links."""

import asyncio
import time
from collections import Counter
from typing import Any

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Figures
from benchmarks.watch import Watch
from tests.support.driver import Driver
from tests.support.servers import PluginsServer, Server, SsbServer

SETTLE_S = 1.0
WARM_UP = 3
ASKED = 50
"""Questions with few answers, asked one after the other."""
FEW = 20
CHANNELS = ("granite", "moss", "thistle", "burn", "heather", "corrie")
"""Of tests/interop/peers/dataset.js; they are words of its texts too."""


def _filter(value: dict[str, Any], *stages: object) -> dict[str, Any]:
    return {"query": [{"$filter": {"value": value}}, *stages]}


async def queries(bench: Bench, kind: type[Server]) -> Figures:
    """query.read of a type, of authors, over everything in groups, of the last few; links2.read to a message."""
    found: Figures = {}
    votes = [m["value"]["content"]["vote"]["link"] for m in bench.messages() if _is_vote(m)]
    kinds = _filter({"sequence": {"$gt": 0}}, {"$reduce": _counted_by_type()})
    large: dict[str, tuple[str, list[list[Any]]]] = {
        "of a type": ("query.read", [[_filter({"content": {"type": "post"}})]]),
        "of 100 authors": ("query.read", [[_filter({"author": feed})] for feed in bench.feeds]),
    }
    last = [{**_filter({"content": {"type": "vote"}}), "reverse": True, "limit": FEW}]
    small: dict[str, tuple[str, list[list[Any]]]] = {
        f"query.read, last {FEW} of a type": ("query.read", [last] * ASKED),
        "links2.read to a message": (
            "links2.read",
            [[{"query": [{"$filter": {"dest": link}}]}] for link in votes[:ASKED]],
        ),
    }
    async with kind(await bench.full(kind)) as server:
        client = await server.client()
        await asyncio.sleep(SETTLE_S)
        for name, (method, each) in large.items():
            async with Watch(server, memory=False) as watch:
                n = await client.counted(method, each)
            found |= watch.figures(n, note=f", {name}")
        async with Watch(server, memory=False) as watch:
            groups = await client.collect("query.read", kinds)
        n = sum(group["n"] for group in groups)
        found |= watch.figures(n, note=", all in groups")
        for name, (method, each) in small.items():
            found[f"ms a {name}"] = Figure(await _one_by_one(client, method, each))
    return found


def _counted_by_type() -> dict[str, Any]:
    return {"type": ["value", "content", "type"], "n": {"$count": True}}


def _is_vote(message: dict[str, Any]) -> bool:
    return bool(message["value"]["content"]["type"] == "vote")


async def views(bench: Bench, kind: type[Server]) -> Figures:
    """Questions of clients that ssb-server answers with plugins from npm, which it has here: one at a time.

    How many messages a thread has (all that name its root), or replies a message, stands in the name of the figure.
    """
    place = PluginsServer if kind is SsbServer else kind
    found: Figures = {}
    async with place(await bench.full(place)) as server:
        # Over the net ssb-server waits for delayed acknowledgements (row `latency`): here neither does.
        client = await server.client(remote=f"unix:{server.folder / 'socket'}~noauth")
        await asyncio.sleep(SETTLE_S)
        for name, (method, each) in _of_views(bench).items():
            async with Watch(server, memory=False) as watch:
                found[f"ms a {name}"] = Figure(await _one_by_one(client, method, each))
            found[f"  cpu us a {name}"] = Figure(watch.cpu / (len(each) + WARM_UP) * 1e6)
        about = [[{"key": "name", "dest": feed}] for feed in bench.feeds[:FEW]]
        began = time.monotonic()
        for args in about:
            await client.call("about.socialValue", *args)
        found["ms an about.socialValue"] = Figure((time.monotonic() - began) / len(about) * 1000)
    return found


def _of_views(bench: Bench) -> dict[str, tuple[str, list[list[Any]]]]:
    """What is asked, by the name of the figure."""
    threads, replied = _named(bench, "root"), _named(bench, "branch")
    ids = [key for key, _ in threads]
    latest = {"reverse": True, "limit": 50}
    return {
        "query.read, 50 of a channel": (
            "query.read",
            [[{**_filter({"content": {"channel": name}}), **latest}] for name in CHANNELS],
        ),
        f"query.read, a thread of {_span(threads)}": (
            "query.read",
            [[_filter({"content": {"type": "post", "root": key}})] for key in ids],
        ),
        f"query.read, replies, {_span(replied)}": (
            "query.read",
            [[_filter({"content": {"type": "post", "branch": key}})] for key, _ in replied],
        ),
        "backlinks.read, a thread": (
            "backlinks.read",
            [[{"query": [{"$filter": {"dest": key}}], "index": "DTA"}] for key in ids],
        ),
        "links to a message": ("links", [[{"dest": key, "values": True}] for key in ids]),
        "search.query, 50 of a word": (
            "search.query",
            [[{"query": name, "limit": 50}] for name in CHANNELS],
        ),
    }


def _named(bench: Bench, member: str) -> list[tuple[str, int]]:
    """The FEW messages that most others name in a member, and by how many."""
    contents = (message["value"]["content"] for message in bench.messages())
    return Counter(one[member] for one in contents if member in one).most_common(FEW)


def _span(counted: list[tuple[str, int]]) -> str:
    return f"{counted[-1][1]} to {counted[0][1]}"


async def _one_by_one(client: Driver, method: str, each: list[list[Any]]) -> float:
    """Milliseconds a question."""
    for args in each[:WARM_UP]:
        await client.collect(method, *args)
    started = time.monotonic()
    for args in each:
        await client.collect(method, *args)
    return (time.monotonic() - started) * 1000 / len(each)
