"""Several servers at once, of any kind: started together, joined, and held against each other."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from tests.support.driver import Driver
from tests.support.processes import family
from tests.support.replicas import clock
from tests.support.servers import Server
from tests.support.waiting import until

CALM_S = 60.0
"""How long a network may take to come to rest; generous, for machines with other work."""
POLL_S = 0.25


@asynccontextmanager
async def running(*servers: Server) -> AsyncIterator[list[Driver]]:
    """All of them started side by side, and a client of each."""
    async with AsyncExitStack() as stack:
        starts = [asyncio.ensure_future(stack.enter_async_context(each)) for each in servers]
        try:
            await asyncio.gather(*starts)
        except BaseException:
            await asyncio.gather(*starts, return_exceptions=True)
            raise
        yield list(await asyncio.gather(*(each.client() for each in servers)))


async def contact(client: Driver, other: str, **fields: bool) -> None:
    """Publishes what a client thinks of a feed: following=True, blocking=False, ..."""
    await client.call("publish", {"type": "contact", "contact": other, **fields})


async def follow_each_other(clients: Sequence[Driver], servers: Sequence[Server]) -> None:
    """Everybody follows all others."""
    for client, own in zip(clients, servers, strict=True):
        for other in servers:
            if other is not own:
                await contact(client, other.id, following=True)


async def post(client: Driver, text: str) -> str:
    """Publishes a text; gives the message's key."""
    published = await client.call("publish", {"type": "post", "text": text})
    return str(published["key"])


async def posts(client: Driver, count: int, pause: float = 0.0) -> None:
    """Publishes one after the other."""
    for n in range(count):
        await post(client, f"number {n}: naïve 🦀 \u2028 {n / 8}")
        await asyncio.sleep(pause)


async def holds(client: Driver, wanted: dict[str, int], *, within: float = CALM_S) -> None:
    """Waits until a server has exactly so much of each of these feeds: 0 is nothing at all."""

    async def has() -> bool:
        held = await clock(client)
        return all(held.get(feed, 0) == sequence for feed, sequence in wanted.items())

    try:
        await until(has, within=within, every=POLL_S)
    except AssertionError as error:
        held = await clock(client)
        wrong = {f: (held.get(f, 0), n) for f, n in wanted.items() if held.get(f, 0) != n}
        raise AssertionError(f"{client.remote} (has, should have): {wrong}") from error


async def all_hold(
    clients: Iterable[Driver], wanted: dict[str, int], *, within: float = CALM_S
) -> None:
    """Waits until each of the servers has exactly so much of each of these feeds."""
    await asyncio.gather(*(holds(client, wanted, within=within) for client in clients))


async def feed_text(client: Driver, feed: str) -> list[tuple[str, str]]:
    """A whole feed as a server gives it: (key, JSON of the value) in order."""
    items = await client.collect("createUserStream", {"id": feed})
    return [(item["key"], json.dumps(item["value"], ensure_ascii=False)) for item in items]


async def check_equal(clients: Sequence[Driver], feeds: Iterable[str]) -> None:
    """Fails unless all servers give the very same bytes of each feed."""
    for feed in feeds:
        first, *others = [await feed_text(client, feed) for client in clients]
        assert first
        for other in others:
            assert other == first


async def kill(server: Server) -> None:
    """SIGKILL to a server and all it started; its clients end too."""
    for pid in reversed(family(server.process.pid)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await server.process.wait()
    await server.stop()
