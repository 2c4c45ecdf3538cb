"""Asks the services of a starting suite whether they are ready, and where the network listens.

Knows the bus methods `health` and `address`; nothing else of any service. Called by `start` and `compact`, and by
`sbot ready` for those that run already.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from common.bus import BusError, Node
from common.runtime.settings import Settings

OWN = "sbot"  # our name on the bus
PAUSE = 0.05  # seconds between two questions to a service that is not ready yet
QUESTION_MS = 2_000
CHECK_SECONDS = 5.0  # how long a check waits for what is just about to be ready


async def tell(
    endpoint: Callable[[str], str], services: Sequence[str], keys: Path | None = None
) -> None:
    """Print the one line on standard output when all are ready; whoever reads it may be gone already."""
    text = await ready_line(endpoint, services, keys)
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)  # noqa: T201  the command's answer


def missing(loaded: Settings, services: Sequence[str]) -> list[str]:
    """Give those of the services of a running suite that do not say on the bus that they are ready."""
    return asyncio.run(_missing(loaded, services))


async def _missing(loaded: Settings, services: Sequence[str]) -> list[str]:
    async with Node(OWN, loaded.endpoint, calls=services, keys=loaded.bus_keys) as node:
        asked = {name: asyncio.ensure_future(_ready(node, name)) for name in services}
        done, waiting = await asyncio.wait(asked.values(), timeout=CHECK_SECONDS)
        for task in waiting:
            task.cancel()
        return [name for name, task in asked.items() if task not in done]


async def ready_line(
    endpoint: Callable[[str], str], services: Sequence[str], keys: Path | None = None
) -> str:
    """Wait until every service says it is ready; give the line that tells so, with our address."""
    async with Node(OWN, endpoint, calls=services, keys=keys) as node:
        await asyncio.gather(*(_ready(node, service) for service in services))
        if "network" not in services:
            return "ready"
        return f"ready {await _address(node)}".rstrip()


async def _ready(node: Node, service: str) -> None:
    while True:
        await node.wait_up(service)
        try:
            reply = await node.call(service, "health", deadline_ms=QUESTION_MS)
            if reply.json()["ready"]:
                return
        except BusError:
            pass  # it went away again, or is too busy to answer: ask once more
        await asyncio.sleep(PAUSE)


async def _address(node: Node) -> str:
    """Find the address for peers nearest to us: `net:HOST:PORT~shs:KEY`."""
    for scope in ("device", "local", "public"):
        addresses = (await node.call("network", "address", scope)).json() or ""
        for address in str(addresses).split(";"):
            if address.startswith("net:"):
                return address
    return ""
