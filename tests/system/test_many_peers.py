"""Many peers who all want everything at once, some of whom do not read: all are served, and memory stays bounded."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.helper import Helper, net_order
from common.refs import raw
from common.runtime.secret import load_or_create
from tests.support.healthy import Healthy
from tests.support.peer import Peer
from tests.support.processes import pss_mb
from tests.support.servers import SHS_BYTES, OurServer
from tests.support.siege import Feed, Target, stranger
from tests.support.waiting import until

N_FEEDS, N_MESSAGES = 50, 100
PEERS, LAZY = 200, 20
LIMIT_S = 150
MORE_MB = 300
"""What all processes together may hold more than before, however much there is to send: some 32 MiB in replication, and
in network 60 MiB of credit, and 256 KiB in front of each socket that is not read. Here they are sent 500 MB."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * LIMIT_S)]


async def fill(server: OurServer, feeds: Sequence[Feed]) -> None:
    """Follows the feeds and takes them in from a peer that has them."""
    target = Target(raw(server.id), server.port, SHS_BYTES)
    async with Peer(load_or_create(server.folder / "secret"), *target) as owner:
        for feed in feeds:
            content = {"type": "contact", "contact": feed.keys.id, "following": True}
            await owner.value("publish", content)
        sending = asyncio.ensure_future(Healthy(feeds).run(target, stranger("healthy")))

        async def full() -> bool:
            clock = await owner.value("getVectorClock")
            return all(clock.get(feed.keys.id) == N_MESSAGES for feed in feeds)

        await until(full, within=LIMIT_S, every=0.2)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


class Memory:
    """The most that a server held, in MB, while it was watched."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.most = 0.0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self.most = max(self.most, pss_mb(self._pid))
            await asyncio.sleep(0.5)


async def test_all_are_served_and_memory_stays_bounded(folder: Path) -> None:
    """With 20,000 messages in place of 5,000 it is the row `serve-200` of the bench."""
    feeds = [Feed(f"feed {n}", N_MESSAGES) for n in range(N_FEEDS)]
    digests = {f.keys.id: hashlib.sha256(b"".join(f.messages)).hexdigest() for f in feeds}
    wanted = folder / "wanted.json"
    wanted.write_text(json.dumps({feed: [N_MESSAGES, d] for feed, d in digests.items()}))
    async with OurServer(folder / "ours") as server:
        await fill(server, feeds)
        before = pss_mb(server.process.pid)
        memory = Memory(server.process.pid)
        order = {
            **net_order(server),
            "count": PEERS,
            "lazy": LAZY,
            "wanted": str(wanted),
            "limit": LIMIT_S,
        }
        async with memory.watched(), Helper("takers", order) as takers:
            answer = await takers.answer()
        print(f"{answer}, {before:.0f} MB before, {memory.most:.0f} at most")
        assert answer["served"] == PEERS, answer
        assert memory.most - before < MORE_MB
