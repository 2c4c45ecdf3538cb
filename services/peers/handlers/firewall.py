"""The methods `connFirewall.*`, in the shapes of ssb-conn-firewall, and what the door asks.

Knows the door. Must never know who is connected.
"""

import asyncio

import orjson

from common.bus import Call, CallerError, OurError
from common.refs import is_feed
from services.peers.handlers.parts import Parts, argument
from services.peers.model.firewall import Attempt

__all__ = ["admits", "attempts", "reconfigure"]

MAX_WAITING = 1_000
"""Attempts that wait for one follower; more end its stream."""


async def attempts(parts: Parts, call: Call) -> None:
    """`connFirewall.attempts({old, live})`: strangers who were refused, `{id, ts}`.

    Raises:
        OurError: who listens is too far behind.
    """
    given = argument(call, 0)
    options = given if isinstance(given, dict) else {}
    old, live = options.get("old"), options.get("live")
    door = parts.door
    waiting: asyncio.Queue[Attempt] = asyncio.Queue(MAX_WAITING)
    full = False

    def take(attempt: Attempt) -> None:
        nonlocal full
        full = full or waiting.full()
        if not full:
            waiting.put_nowait(attempt)

    door.listeners.append(take)
    try:
        if old and (found := [_shown(attempt) for attempt in door.firewall.attempts()]):
            await call.send(found)
        while (live is None or live) and not full:
            await call.send([_shown(await waiting.get())])
    finally:
        door.listeners.remove(take)
    if full:
        raise OurError("too many attempts wait", "overloaded")


async def reconfigure(parts: Parts, call: Call) -> None:
    """`connFirewall.reconfigure({rejectBlocked, rejectUnknown})`: new rules; what is not given stays."""
    given = argument(call, 0)
    if isinstance(given, dict):
        blocked, unknown = (
            bool(given[name]) if name in given else None
            for name in ("rejectBlocked", "rejectUnknown")
        )
        parts.door.reconfigure(blocked=blocked, unknown=unknown)
        parts.door.graph_changed(parts.clock())


async def admits(parts: Parts, call: Call) -> object:
    """`firewall.admits`: whether a stranger may come in; asked by the door while `rejectUnknown` holds.

    Raises:
        CallerError: it is no key.
    """
    wanted = argument(call, 0)
    feed = wanted.get("feed") if isinstance(wanted, dict) else None
    if not isinstance(feed, str) or not is_feed(feed):
        raise CallerError("a feed is wanted")
    return {"admitted": parts.door.admits(feed, parts.clock())}


def _shown(attempt: Attempt) -> bytes:
    return orjson.dumps(attempt._asdict())
