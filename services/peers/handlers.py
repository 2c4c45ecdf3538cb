"""What this service answers, one function a method, in the words and shapes of ssb-gossip and ssb-conn.

Knows the book and the rounds. Must never know how a dial is done. The table in `actor` names them.
"""

from typing import Protocol

from common.bus import Call, CallerError
from common.refs import is_feed
from common.refs.multiserver import is_multiserver
from services.peers.adapters.pinging import converse
from services.peers.adapters.rounds import Rounds
from services.peers.address import Found, read
from services.peers.model import Book, Peer
from services.peers.ping import Ping

__all__ = [
    "Parts",
    "conn_connect",
    "conn_disconnect",
    "gossip_connect",
    "gossip_disconnect",
    "gossip_peers",
    "gossip_ping",
    "health",
]

NO_ADDRESS = "ssb-gossip.connect: address, or peer id must be provided"
NOT_MULTISERVER = "The given address is not a valid multiserver-address"


class Parts(Protocol):
    """What the handlers work with."""

    book: Book
    rounds: Rounds
    pause_ms: int

    def clock(self) -> int:
        """The time in ms since 1970."""


async def gossip_connect(parts: Parts, call: Call) -> object:
    """`gossip.connect`: dial a peer by id, address or object, and keep it; nothing for ourselves.

    Raises:
        CallerError: there is no address in it, or none is known for the id.
        BusError: it could not be reached.
    """
    wanted = call.args[0] if call.args else None
    if wanted == {}:
        raise CallerError("address must have ed25519 key")
    if not wanted:
        raise CallerError(NO_ADDRESS)
    if is_feed(wanted):
        peer = parts.book.get(wanted)
        if peer is None:
            raise CallerError(f"no known address for peer:{wanted}", "not_found")
        return await _connected(parts, peer)
    found = read(wanted)
    if found is None:
        raise CallerError("first param must be an address")
    return await _connect(parts, found)


async def gossip_disconnect(parts: Parts, call: Call) -> None:
    """`gossip.disconnect`: close the connections with a peer and leave it alone until it is wanted again.

    Raises:
        CallerError: no such peer is known.
    """
    wanted = call.args[0] if call.args else None
    peer = _known(parts, wanted)
    if peer is None:
        raise CallerError(f"must provide id:{wanted!r}", "not_found")
    await parts.rounds.close(peer, "disconnected")


async def gossip_peers(parts: Parts, call: Call) -> object:
    """`gossip.peers`: everybody in the book."""
    del call
    return [peer.json() for peer in parts.book]


async def gossip_ping(parts: Parts, call: Call) -> None:
    """`gossip.ping`: throw time stamps to and fro with a peer that began it."""
    await converse(Ping(), call, call.send, clock=parts.clock, pause_ms=parts.pause_ms, first=False)


async def conn_connect(parts: Parts, call: Call) -> object:
    """`conn.connect`: dial a peer by its multiserver address, and keep it.

    Raises:
        CallerError: it is no address of a peer.
        BusError: it could not be reached.
    """
    found = _multiserver(call)
    if found is None:
        raise CallerError("the given address names no peer that can be dialled")
    return await _connect(parts, found)


async def conn_disconnect(parts: Parts, call: Call) -> object:
    """`conn.disconnect`: close what stands with an address; false when nothing did.

    Raises:
        CallerError: it is no multiserver address.
    """
    found = _multiserver(call)
    peer = None if found is None else parts.book.get(found.key)
    return peer is not None and await parts.rounds.close(peer, "disconnected")


async def health(parts: Parts, call: Call) -> object:
    """`health`: how many are known and connected."""
    del call
    connected = sum(peer.state == "connected" for peer in parts.book)
    state = {"known": len(parts.book), "connected": connected}
    return {"service": "peers", "ready": True, "state": state}


async def _connect(parts: Parts, found: Found) -> object:
    peer = parts.book.add(found.key, found.address, found.host, found.port, "manual")
    return None if peer is None else await _connected(parts, peer)


async def _connected(parts: Parts, peer: Peer) -> object:
    """Dial, and answer what is left of the reference's rpc object when it has become JSON."""
    await parts.rounds.dial(peer)
    return {"stream": {"closed": False, "address": peer.address}, "closed": False, "id": peer.key}


def _known(parts: Parts, wanted: object) -> Peer | None:
    if is_feed(wanted):
        return parts.book.get(wanted)
    if isinstance(wanted, dict) and is_feed(wanted.get("key")):
        return parts.book.get(wanted["key"])
    found = read(wanted)
    return None if found is None else parts.book.get(found.key)


def _multiserver(call: Call) -> Found | None:
    wanted = call.args[0] if call.args else None
    if not isinstance(wanted, str) or not is_multiserver(wanted):
        raise CallerError(NOT_MULTISERVER)
    return read(wanted)
