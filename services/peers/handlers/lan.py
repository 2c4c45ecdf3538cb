"""The methods `lan.*`, in the shapes of ssb-lan.

Knows the adapter that calls and listens. Must never know what becomes of who was heard.
"""

import asyncio

import orjson

from common.bus import Call, OurError
from services.peers.handlers.parts import Parts
from services.peers.model.beacon import Discovery

__all__ = ["discovered_peers", "start", "stop"]

MAX_WAITING = 1_000
"""Discoveries that wait for one follower; more end its stream."""


async def start(parts: Parts, call: Call) -> None:
    """`lan.start`: call out our address on the local network, and listen for others."""
    del call
    parts.lan.start()


async def stop(parts: Parts, call: Call) -> None:
    """`lan.stop`: neither call nor listen."""
    del call
    await parts.lan.stop()


async def discovered_peers(parts: Parts, call: Call) -> None:
    """`lan.discoveredPeers`: `{address, verified}` of everybody who is heard, each time.

    Raises:
        OurError: who listens is too far behind.
    """
    waiting: asyncio.Queue[Discovery] = asyncio.Queue()

    def take(discovery: Discovery) -> None:
        if waiting.qsize() <= MAX_WAITING:
            waiting.put_nowait(discovery)

    parts.lan.listeners.append(take)
    try:
        while waiting.qsize() <= MAX_WAITING:
            found = await waiting.get()
            shown = {"address": found.address, "verified": found.verified}
            await call.send([orjson.dumps(shown)])
    finally:
        parts.lan.listeners.remove(take)
    raise OurError("too many discoveries wait", "overloaded")
