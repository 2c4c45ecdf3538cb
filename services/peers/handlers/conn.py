"""The methods `conn.*`, in the words and shapes of ssb-conn 6.

Knows the pools and the rounds. Must never know how a dial is done.
"""

import asyncio
from collections.abc import Callable

import orjson

from common.bus import Call, CallerError
from services.peers.handlers.parts import (
    Parts,
    address_of,
    answer_of,
    argument,
    kept,
)
from services.peers.model.entry import whose
from services.peers.model.pools import Change

__all__ = [
    "connect",
    "db_peers",
    "disconnect",
    "forget",
    "peers",
    "remember",
    "stage",
    "staged_peers",
    "start",
    "stop",
    "unstage",
]

NO_DATA = "The given connection data should have been an object"
WRONG_ARGUMENTS = "CONN.connect() received incorrect arguments"

PAUSE_SECONDS = 0.05
"""Between two tellings of a live list: what happens meanwhile is told at once."""


async def connect(parts: Parts, call: Call) -> object:
    """`conn.connect`: be in contact with the peer at an address, which is not kept by this.

    Raises:
        CallerError: it is no address of a peer.
        BusError: it could not be reached.
    """
    if len(call.args) > 1 and call.args[1] in (None, False, 0, ""):
        raise CallerError(WRONG_ARGUMENTS)
    address, data = address_of(call), argument(call, 1, {})
    contact = await parts.rounds.connect(address, data if isinstance(data, dict) else {})
    return False if contact is None else answer_of(contact)


async def disconnect(parts: Parts, call: Call) -> object:
    """`conn.disconnect`: let go of a peer, until it is wanted again; false when there was no contact.

    Raises:
        CallerError: it is no multiserver address.
    """
    address = address_of(call)
    contact = parts.pools.hub.find(address, whose(address, {}))
    if contact is None:
        return False
    await parts.rounds.close(contact, "disconnected")
    return True


async def remember(parts: Parts, call: Call) -> None:
    """`conn.remember`: keep an address, or add to what is known of it.

    Raises:
        CallerError: address or data are none, or there is no room.
    """
    address, data = address_of(call), argument(call, 1, {})
    if not isinstance(data, dict):
        raise CallerError(NO_DATA)
    kept(parts, address, data)
    parts.rounds.tell()


async def forget(parts: Parts, call: Call) -> None:
    """`conn.forget`: let go of an address that was kept."""
    address = argument(call, 0)
    if isinstance(address, str):
        parts.pools.forget(address)


async def db_peers(parts: Parts, call: Call) -> object:
    """`conn.dbPeers`: what is kept."""
    del call
    return [[entry.address, entry.data] for entry in parts.pools.book]


async def stage(parts: Parts, call: Call) -> object:
    """`conn.stage`: note an address that somebody may want to connect to; whether it is new.

    Raises:
        CallerError: address or data are none.
    """
    address, data = address_of(call), argument(call, 1, {"type": "internet"})
    if not isinstance(data, dict):
        raise CallerError(NO_DATA)
    is_new = parts.pools.stage(address, data, parts.clock())
    parts.rounds.tell()
    return is_new


async def unstage(parts: Parts, call: Call) -> object:
    """`conn.unstage`: let go of an address that was noted; whether it was.

    Raises:
        CallerError: it is no multiserver address.
    """
    return parts.pools.unstage(address_of(call))


async def peers(parts: Parts, call: Call) -> None:
    """`conn.peers`: all contacts as an array, now and whenever something changed."""
    await _live(parts, call, lambda: [[c.address, c.shown()] for c in parts.pools.hub])


async def staged_peers(parts: Parts, call: Call) -> None:
    """`conn.stagedPeers`: all noted addresses as an array, now and whenever something changed."""
    await _live(parts, call, lambda: [[e.address, e.data] for e in parts.pools.staging])


async def start(parts: Parts, call: Call) -> object:
    """`conn.start`: let the scheduler dial, and look for the local network."""
    del call
    parts.begin()
    return {}


async def stop(parts: Parts, call: Call) -> None:
    """`conn.stop`: dial nobody any more, let everybody go, and leave the local network."""
    del call
    await parts.lan.stop()
    parts.rounds.do(parts.scheduler.stop())


async def _live(parts: Parts, call: Call, now: Callable[[], object]) -> None:
    changed, told = asyncio.Event(), b""

    def notice(change: Change) -> None:
        del change
        changed.set()

    parts.pools.listeners.append(notice)
    try:
        while True:
            changed.clear()
            text = orjson.dumps(now())
            if text != told:
                told = text
                await call.send([text])
            await asyncio.sleep(PAUSE_SECONDS)
            await changed.wait()
    finally:
        parts.pools.listeners.remove(notice)
