"""What this service answers on the bus, one function a method.

Knows the parts of the service. Must never know frames or handshakes. The table in `actor` names them.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
import orjson

from common.bus import Call, CallerError, OurError, PeerError
from common.crypto import keys as identities
from common.refs.targets import targets
from common.wire.events import CallType
from services.network.adapters.dialler import DIAL_SECONDS, Dialler
from services.network.adapters.doorway import Doorway
from services.network.adapters.errand import Errand
from services.network.adapters.exchange import Changes, Exchange
from services.network.adapters.gate import Gate
from services.network.adapters.outgoing import call_peer
from services.network.limits import Guard
from services.network.settings import Firewall

__all__ = [
    "Parts",
    "ask",
    "changes",
    "close",
    "dial",
    "firewall",
    "health",
    "invoke",
    "own",
    "refuse",
]

CALL_TYPES: dict[object, CallType] = {
    "async": "async",
    "source": "source",
    "sink": "sink",
    "duplex": "duplex",
}

MAX_BATCH = 1000
"""Changes in one bus message; more follow in the next."""


class Parts(Protocol):
    """What the handlers work with."""

    exchange: Exchange
    gate: Gate
    guard: Guard
    dialler: Dialler
    errand: Errand
    doorway: Doorway

    @property
    def is_ready(self) -> bool:
        """Whether every method can be called and strangers can come in."""
        ...


def own(method: Callable[[list[Any]], object]) -> Callable[[Call], Awaitable[object]]:
    """Answer on the bus as clients are answered."""

    async def answer(call: Call) -> bytes:
        return orjson.dumps(method(call.args))

    return answer


async def dial(parts: Parts, call: Call) -> object:
    """`connections.dial`: a connection to who is called by an address, within the seconds asked for.

    Raises:
        CallerError: it is no address that can be dialled.
        PeerError: there was no answer, or a wrong one.
    """
    address = call.args[0] if call.args else None
    ways = targets(address) if isinstance(address, str) else ()
    if not isinstance(address, str) or not ways:
        raise CallerError(f"not an address that can be dialled: {address!r}")
    options = call.args[1] if len(call.args) > 1 else {}
    seconds = options.get("seconds") if isinstance(options, dict) else None
    if seconds is not None and not isinstance(seconds, int | float):
        raise CallerError(f"not a number of seconds: {seconds!r}")
    connection = await parts.dialler.dial(ways, address, seconds)
    return {"connection": connection.name, "feed": connection.feed}


async def invoke(parts: Parts, call: Call) -> None:
    """`connections.call`: call a method of a peer, whatever its type.

    Raises:
        CallerError: there is no such connection, or the request is malformed.
        PeerError: the peer answered with an error, or the connection was closed.
    """
    wanted = _request(call)
    name, kind = wanted.get("name"), CALL_TYPES.get(str(wanted.get("type")))
    if not isinstance(name, list) or not name or not all(isinstance(n, str) for n in name):
        raise CallerError(f"not the name of a method: {name!r}")
    if kind is None:
        raise CallerError(f"not a type of call: {wanted.get('type')!r}")
    args = wanted.get("args", [])
    if not isinstance(args, list):
        raise CallerError("the arguments are no array")
    talk = parts.exchange.find(wanted.get("connection"))
    if talk is None:
        raise CallerError(f"no such connection: {wanted.get('connection')!r}", "not_found")
    await call_peer(talk, call, kind, name, orjson.dumps(args))


async def ask(parts: Parts, call: Call) -> object:
    """`connections.ask`: one async call to somebody, as the key that grows from a seed; the ways are tried in order.

    Raises:
        CallerError: the request is malformed.
        PeerError: nobody answered, or the answer is an error.
    """
    wanted = _request(call)
    name, args, address = wanted.get("name"), wanted.get("args", []), wanted.get("address")
    ways = targets(address) if isinstance(address, str) else ()
    if not ways:
        raise CallerError(f"not an address that can be dialled: {address!r}")
    if not isinstance(name, list) or not isinstance(args, list):
        raise CallerError("a name and arguments are wanted, both as arrays")
    try:
        keys = identities.generate(base64.b64decode(str(wanted.get("seed")), validate=True))
    except ValueError as error:
        raise CallerError("a seed is 32 bytes in base64") from error
    why = PeerError("nobody answered")
    for way in ways:
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                return await parts.errand.ask(way, keys, list(map(str, name)), orjson.dumps(args))
        except TimeoutError:
            why = PeerError(f"could not connect to {way.place}: took too long", "deadline")
        except OSError as error:
            text = error.strerror or str(error) or type(error).__name__
            why = PeerError(f"could not connect to {way.place}: {text}", "unavailable")
    raise why


async def close(parts: Parts, call: Call) -> None:
    """`connections.close`: end a connection; one that is gone already is no error.

    Raises:
        CallerError: the request is malformed.
    """
    wanted = _request(call)
    talk = parts.exchange.find(wanted.get("connection"))
    if talk is not None:
        talk.close(str(wanted.get("reason") or "closed"))


async def refuse(parts: Parts, call: Call) -> None:
    """`connections.refuse`: close every connection with a key, and let it in again only after some seconds.

    Raises:
        CallerError: the request is malformed.
    """
    wanted = _request(call)
    feed, seconds = wanted.get("feed"), wanted.get("seconds")
    if not isinstance(feed, str) or not isinstance(seconds, int | float):
        raise CallerError("a feed and a number of seconds are wanted")
    reason = str(wanted.get("reason") or "refused for a while")
    parts.guard.refused_keys.add(feed, reason, asyncio.get_running_loop().time(), seconds)
    parts.exchange.close_feed(feed, reason)


async def firewall(parts: Parts, call: Call) -> None:
    """`connections.firewall`: who is refused at the door from now on; both rules are given.

    Raises:
        CallerError: the request is malformed.
    """
    try:
        rules = msgspec.convert(_request(call), Firewall)
    except msgspec.ValidationError as error:
        raise CallerError(f"rejectBlocked and rejectUnknown are wanted: {error}") from error
    parts.gate.enforce(rules)


async def changes(parts: Parts, call: Call) -> None:
    """`connections.changes`: what stands now, then what happens, for as long as anybody listens.

    Raises:
        OurError: who listens is too far behind, and has to begin anew.
    """
    with parts.exchange.follow() as queue:
        while True:
            for change in (batch := [await queue.get(), *_at_hand(queue)]):
                if change is None:
                    raise OurError("too many changes wait", "overloaded")
            await call.send([orjson.dumps(change) for change in batch])


async def health(parts: Parts, call: Call) -> object:
    """`health`: whether every method can be called and strangers can come in; why connections ended."""
    del call
    return {
        "service": "network",
        "ready": parts.is_ready,
        "state": {
            "connections": len(parts.exchange.connections),
            "handshakes": parts.doorway.admission.under_way,
            "ended": dict(parts.exchange.ended),
            "calls": parts.guard.open_calls,
            "refused_calls": dict(parts.exchange.refusals),
            "refused_keys": len(parts.guard.refused_keys),
            "buffered_bytes": parts.exchange.ledger.total,
        },
    }


def _request(call: Call) -> dict[str, Any]:
    wanted = call.args[0] if call.args else None
    if not isinstance(wanted, dict):
        raise CallerError("one object is wanted as argument")
    return wanted


def _at_hand(queue: Changes) -> list[dict[str, object] | None]:
    return [queue.get_nowait() for _ in range(min(queue.qsize(), MAX_BATCH - 1))]
