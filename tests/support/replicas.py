"""What two servers hold of some feeds, read through ssb-client, and whether it is the same."""

from collections.abc import Iterable
from typing import Any

from tests.support.driver import Driver


async def clock(client: Driver) -> dict[str, int]:
    """The vector clock {feed: sequence}, whichever of its two shapes the server uses."""
    answer = await client.call("getVectorClock")
    return {feed: v["sequence"] if isinstance(v, dict) else v for feed, v in answer.items()}


async def log(client: Driver) -> dict[str, Any]:
    """All messages of a server: {key: value}."""
    items = await client.collect("createLogStream", {"keys": True, "values": True})
    return {item["key"]: item["value"] for item in items}


async def count(client: Driver, feeds: Iterable[str]) -> int:
    """How many messages of these feeds a server holds."""
    held = await clock(client)
    return sum(held.get(feed, 0) for feed in feeds)
