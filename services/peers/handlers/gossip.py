"""The methods `gossip.*`, in the words and shapes of ssb-gossip.

Knows the pools and the rounds. Must never know how a dial is done.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from common.bus import Call, CallerError, OurError
from common.refs import is_feed
from services.peers import address as addresses
from services.peers.adapters.pinging import converse
from services.peers.handlers.parts import Parts, answer_of, argument, kept
from services.peers.model import legacy
from services.peers.model.entry import Data
from services.peers.model.pools import Change
from services.peers.ping import Ping

__all__ = [
    "HELP",
    "add",
    "changes",
    "connect",
    "disable",
    "disconnect",
    "enable",
    "get",
    "help_",
    "peers",
    "ping",
    "reconnect",
    "remove",
]

NO_ADDRESS = "ssb-gossip.connect: address, or peer id must be provided"

MAX_CHANGES = 10_000
"""Changes that wait for one follower; more end its stream."""

_ID = {"type": "FeedId", "optional": True, "description": "An ssb feed identity"}
_ADDRESS = {
    "type": "MultiServerAddress",
    "optional": True,
    "description": "a multiserver address of an ssb peer",
}
_WHO: Data = {"id": _ID, "address": _ADDRESS}
HELP: Data = {
    "description": "keep track of peers, and decide when to connect to them",
    "commands": {
        "add": {"type": "sync", "description": "add peer to table", "args": _WHO},
        "rm": {"type": "sync", "description": "remove peer from table", "args": _WHO},
        "connect": {"type": "sync", "description": "connect to a peer", "args": _WHO},
        "disconnect": {"type": "sync", "description": "disconnect from a peer", "args": _WHO},
        "changes": {
            "type": "source",
            "description": "stream of changes to peers table",
            "args": {},
        },
        "reconnect": {"type": "sync", "description": "reconnect to all peers", "args": {}},
        "disable": {"type": "sync", "description": "disable gossip", "args": {}},
        "enable": {"type": "sync", "description": "enable gossip", "args": {}},
    },
}


async def connect(parts: Parts, call: Call) -> object:
    """`gossip.connect`: dial a peer by id, address or object, and keep it; nothing for ourselves.

    Raises:
        CallerError: there is no address in it, or none is known for the id.
        BusError: it could not be reached.
    """
    wanted = argument(call, 0)
    if wanted == {}:
        raise CallerError("address must have ed25519 key")
    if not wanted:
        raise CallerError(NO_ADDRESS)
    if is_feed(wanted):
        known = parts.pools.book.of_key(wanted)
        if not known:
            raise CallerError(f"no known address for peer:{wanted}", "not_found")
        contact = await parts.rounds.connect(known[0].address, {})
        return None if contact is None else answer_of(contact)
    found = addresses.read(wanted)
    if found is None:
        raise CallerError("first param must be an address")
    if found.key == parts.pools.own:
        return None
    _added(parts, found, "manual")
    contact = await parts.rounds.connect(found.address, {})
    return None if contact is None else answer_of(contact)


async def disconnect(parts: Parts, call: Call) -> None:
    """`gossip.disconnect`: let go of a peer, and leave it alone until it is wanted again.

    Raises:
        CallerError: no such peer is known.
    """
    wanted = argument(call, 0)
    found = addresses.read(wanted) if not is_feed(wanted) else None
    key = found.key if found else _key(wanted)
    if not parts.pools.book.of_key(key):
        raise CallerError(_must_provide(wanted), "not_found")
    contact = parts.pools.hub.with_key(key)
    if contact is not None:
        await parts.rounds.close(contact, "disconnected")


async def peers(parts: Parts, call: Call) -> object:
    """`gossip.peers`: everybody in the book."""
    del call
    return legacy.peers(parts.pools)


async def get(parts: Parts, call: Call) -> object:
    """`gossip.get`: one peer by its id or `{key}`; nothing when it is not known.

    Raises:
        CallerError: it is no id.
    """
    return legacy.peer(parts.pools, _key(argument(call, 0)))


async def add(parts: Parts, call: Call) -> object:
    """`gossip.add`: keep an address; one that is known counts as announced once more. Nothing for ourselves.

    Raises:
        CallerError: it is no address, or there is no room.
    """
    wanted, source = argument(call, 0), argument(call, 1)
    if not wanted and not isinstance(wanted, dict | list):
        raise CallerError("Param 0 is required")
    if wanted is True:
        raise CallerError("Param 0 must by of type object")
    if source is True:
        raise CallerError("Param 1 must by of type string")
    found = addresses.read(wanted)
    if found is None:
        shown = wanted if isinstance(wanted, str) else orjson.dumps(wanted).decode()
        raise CallerError(f"not a valid address:{shown}")
    if found.key == parts.pools.own:
        return None
    _added(parts, found, str(source) if source else None)
    parts.rounds.tell()
    return legacy.peer(parts.pools, found.key)


async def remove(parts: Parts, call: Call) -> None:
    """`gossip.remove`: let go of a peer.

    Raises:
        CallerError: it is no id.
    """
    for entry in parts.pools.book.of_key(_key(argument(call, 0))):
        parts.pools.forget(entry.address)


async def changes(parts: Parts, call: Call) -> None:
    """`gossip.changes`: what happens to peers from now on.

    Raises:
        OurError: who listens is too far behind.
    """
    waiting: asyncio.Queue[Data] = asyncio.Queue(MAX_CHANGES)
    full = False

    def take(change: Change) -> None:
        nonlocal full
        item = legacy.change(parts.pools, change)
        if item is not None:
            full = full or waiting.full()
            if not full:
                waiting.put_nowait(item)

    parts.pools.listeners.append(take)
    try:
        while not full:
            await call.send([orjson.dumps(await waiting.get())])
    finally:
        parts.pools.listeners.remove(take)
    raise OurError("too many changes wait", "overloaded")


async def reconnect(parts: Parts, call: Call) -> object:
    """`gossip.reconnect`: close every connection and try everybody again; the time of it."""
    del call
    now = parts.clock()
    parts.rounds.do(parts.scheduler.woke(now))
    return now


async def enable(parts: Parts, call: Call) -> object:
    """`gossip.enable`: dial a group (`global`, `local`, `friends`, `seed`) from now on, and after a restart.

    Raises:
        CallerError: it is no name, or the configuration is damaged.
    """
    kind = _kind(call)
    parts.turn(kind, on=True)
    return f"enabled gossip type {kind}"


async def disable(parts: Parts, call: Call) -> object:
    """`gossip.disable`: do not dial a group any more.

    Raises:
        CallerError: it is no name, or the configuration is damaged.
    """
    kind = _kind(call)
    parts.turn(kind, on=False)
    return f"disabled gossip type {kind}"


async def ping(parts: Parts, call: Call) -> None:
    """`gossip.ping` and `conn.ping`: throw time stamps to and fro with a peer that began it."""
    await converse(Ping(), call, call.send, clock=parts.clock, pause_ms=parts.pause_ms, first=False)


async def help_(parts: Parts, call: Call) -> object:
    """`gossip.help`: what there is."""
    del parts, call
    return HELP


def _added(parts: Parts, found: addresses.Found, source: str | None) -> None:
    """Keep an address; of a known one `friends` and `local` replace the source, others count."""
    known = parts.pools.book.get(found.address)
    if known is None:
        data: Data = {"key": found.key, "host": found.host, "port": found.port}
        data |= {"source": source, "announcers": 1} if source else {"announcers": 1}
    elif source in ("friends", "local"):
        data = {"source": source}
    else:
        counted = known.data.get("announcers")
        data = {"announcers": counted + 1 if isinstance(counted, int) else 1}
    kept(parts, found.address, data)


def _key(wanted: Any) -> str:
    key = wanted.get("key") if isinstance(wanted, Mapping) else wanted
    if not is_feed(key):
        raise CallerError(_must_provide(wanted), "not_found")
    return str(key)


def _kind(call: Call) -> str:
    wanted = argument(call, 0) or "global"
    if wanted is True or isinstance(wanted, dict | list):
        raise CallerError("Param 0 must by of type string")
    return str(wanted)


def _must_provide(wanted: object) -> str:
    return f"must provide id:{orjson.dumps(wanted).decode()}"
