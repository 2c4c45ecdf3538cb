"""Row: hops over a graph of many feeds, each of which follows two others."""

import random
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from benchmarks.bench import Bench, indexed
from benchmarks.figures import Figure, Figures
from common.crypto.keys import generate
from common.feed.create import create
from common.feed.json import Json, compact
from common.feed.validate import Head, Verified, verify_raw
from tests.support.servers import Server

N_FEEDS = 50_000
FOLLOWS = 2
FIRST_MS = 1_500_000_000_000
WINDOW = 1_000
ASKED = 5


def _messages() -> Iterator[dict[str, Any]]:
    """Each feed follows FOLLOWS others, by chance from a fixed seed."""
    chance = random.Random(1)
    keys = [generate(sha256(b"many %d" % n).digest()) for n in range(N_FEEDS)]
    for n, one in enumerate(keys):
        head: Head | None = None
        for m in range(FOLLOWS):
            other = keys[chance.randrange(N_FEEDS)].id
            content: Json = {"type": "contact", "contact": other, "following": True}
            message = create(head, one, None, content, FIRST_MS + n * FOLLOWS + m)
            verified = verify_raw(compact(message).encode(), None)
            assert isinstance(verified, Verified)
            head = Head(verified.key, verified.sequence)
            yield message


async def hops_50000(bench: Bench, kind: type[Server]) -> Figures:
    """`friends.hops` of a server that follows 20 of 50,000 feeds: 3 hops, and as far as it goes."""
    found: Figures = {}
    async with kind(bench.place(), "--friends.hops", "3") as server:
        client = await server.client()
        messages = list(_messages())
        authors = list(dict.fromkeys(message["author"] for message in messages))[:20]
        began = time.monotonic()
        await client.many("add", [[message] for message in messages], window=WINDOW)
        contacts = [[{"type": "contact", "contact": a, "following": True}] for a in authors]
        await client.many("publish", contacts)
        await indexed(client)
        found["messages/s, added and indexed"] = Figure(len(messages) / (time.monotonic() - began))
        for far in (3, 100):
            seconds = []
            for _ in range(ASKED):
                asked = time.monotonic()
                reached = len(await client.call("friends.hops", {"max": far, "start": server.id}))
                seconds.append(time.monotonic() - asked)
            found[f"ms, max {far}"] = Figure(sorted(seconds)[ASKED // 2] * 1000)
            found[f"feeds reached, max {far}"] = Figure(reached)
    return found
