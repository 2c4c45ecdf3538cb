"""Everything hostile at once at a running suite, while a healthy peer syncs: it arrives, nothing restarts."""

import asyncio
import sys
import time
from pathlib import Path

from common.feed.json import compact, parse
from common.refs import raw
from common.runtime.secret import load_or_create
from tests.support.healthy import Healthy
from tests.support.peer import Peer
from tests.support.processes import family, pss_mb
from tests.support.servers import SHS_BYTES, OurServer
from tests.support.siege import Feed, Target, assault, faults, lie, mutants, record, stranger
from tests.support.waiting import until

N_FEEDS, N_MESSAGES = 20, 150
N_MUTANTS = 1000
N_LIARS = 3
SEED = 20
MORE_MB = 80
"""What all processes together may hold more than before: caches, and three thousand messages."""


async def test_a_siege_does_not_keep_a_healthy_peer_from_its_sync(folder: Path) -> None:
    feeds = [Feed(f"healthy {n}", N_MESSAGES) for n in range(N_FEEDS)]
    victims = [Feed(f"victim {n}", 20) for n in range(3)]
    async with OurServer(folder / "ours") as server:
        target = Target(raw(server.id), server.port, SHS_BYTES)
        owner_keys = load_or_create(server.folder / "secret")
        async with Peer(owner_keys, *target) as owner:
            for feed in [*feeds, *victims]:
                content = {"type": "contact", "contact": feed.keys.id, "following": True}
                await owner.value("publish", content)

            async def followed() -> bool:
                return len(await owner.value("friends.hops")) > N_FEEDS + len(victims)

            await until(followed, within=60)
            recordings = await record(target, [*victims, *feeds[:3]])
            processes, memory = family(server.process.pid), pss_mb(server.process.pid)

            healthy = Healthy(feeds, pause=0.05)
            lying = [asyncio.ensure_future(lie(target, f"liar {n}", feeds)) for n in range(N_LIARS)]
            syncing = asyncio.ensure_future(healthy.run(target, stranger("healthy")))
            began = time.monotonic()
            attacks = [*faults(), *mutants(recordings, N_MUTANTS, SEED)]
            found = await assault(target, attacks)
            siege_s = time.monotonic() - began

            async def arrived() -> bool:
                assert not syncing.done(), f"the healthy peer was cut off: {healthy.end}"
                clock = await owner.value("getVectorClock")
                return all(clock.get(feed.keys.id) == N_MESSAGES for feed in feeds)

            await until(arrived, within=60, every=0.2)
            sync_s = time.monotonic() - began
            for task in (syncing, *lying):
                task.cancel()
            await asyncio.gather(syncing, *lying, return_exceptions=True)

            known = {message for feed in [*feeds, *victims] for message in feed.messages}
            log = await owner.items("createLogStream", {"keys": False})
            strange = [m for m in log if m["author"] != server.id]
            assert len(strange) >= N_FEEDS * N_MESSAGES
            assert {compact(parse(compact(m))).encode() for m in strange} <= known
            assert await owner.value("whoami") == {"id": server.id}
            assert family(server.process.pid) == processes
            status = await owner.value("status")
            state = status["services"]["network"]

            async def forgotten() -> bool:
                state = (await owner.value("status"))["services"]["network"]
                return not (state["handshakes"] or state["calls"]) and state["connections"] <= 2

            await until(forgotten, within=60)
            after = pss_mb(server.process.pid)
            print(
                f"{dict(found)} in {siege_s:.1f} s; sync in {sync_s:.1f} s; {memory:.0f} MB before, "
                f"{after:.0f} after; {state}",
                file=sys.stderr,
            )
            assert after < memory + MORE_MB
