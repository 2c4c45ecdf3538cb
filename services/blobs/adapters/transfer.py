"""One blob on its way from one peer to the disk.

Knows the calls `blobs.get` and `blobs.getSlice` and one file that grows; must never know other peers or wants.
Called by the exchange. What came before a connection was lost is not asked for again.
"""

import asyncio
import logging
from typing import NamedTuple

from common.bus import BusError, Node, PeerError
from common.gossip.wanting import Reason
from common.refs import BlobId
from services.blobs.adapters.files import Arrival, Refused, WrongHash

__all__ = ["Failed", "Source", "Wish", "transfer"]

LOGGER = logging.getLogger("blobs")
WINDOW = 256 * 1024
"""Credit of one fetch, in bytes: what may wait for the disk."""
PIECE = 64 * 1024
"""Bytes that ssb-server reads and sends at a time."""
CLOSED = "the connection was closed"


class Failed(Exception):  # noqa: N818  what failed is the fetch
    """The blob did not come; `reason` says whose fault that is."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason: Reason = reason


class Source(NamedTuple):
    """Whom to ask: the network worker and its name for the connection; and how to know that nothing comes."""

    service: str
    connection: str
    stall_ms: float


class Wish(NamedTuple):
    """Which blob, the size that the peer says it has, and the largest that we take, in bytes."""

    blob: BlobId
    size: int
    limit: int


async def transfer(node: Node, source: Source, arrival: Arrival, wish: Wish) -> None:
    """Fetch what is missing of a blob; it is under its name afterwards.

    Raises:
        Failed: it did not come; `arrival` holds what came, which is worth keeping where it was lost.
    """
    resumed = arrival.size
    try:
        await _receive(node, source, arrival, wish)
        await asyncio.to_thread(arrival.finish, wish.blob)
    except WrongHash as error:
        reason: Reason = (
            "refused" if resumed else "lied"
        )  # parts of two peers: neither can be blamed
        raise Failed(reason, str(error)) from error
    except Refused as error:
        raise Failed("refused", str(error)) from error
    except TimeoutError as error:
        raise Failed("stalled", "nothing came") from error
    except PeerError as error:
        raise Failed("lost" if error.message == CLOSED else "refused", error.message) from error
    except BusError as error:
        raise Failed("lost", error.message) from error
    except OSError as error:
        LOGGER.error("a blob cannot be written: %s", error.strerror)  # noqa: TRY400  its text says all
        raise Failed("stalled", "the disk does not take it") from error


async def _receive(node: Node, source: Source, arrival: Arrival, wish: Wish) -> None:
    parts = _parts(arrival.size, wish.size)
    whole = arrival.size == 0
    try:
        for start, end in parts:
            name = "get" if whole and len(parts) == 1 else "getSlice"
            await _ask(node, _request(source, name, wish, start, end), source, arrival, end)
    except PeerError:
        if not whole or arrival.size or len(parts) == 1:
            raise
        request = _request(source, "get", wish, 0, wish.size)  # it knows no slices, as go-sbot
        await _ask(node, request, source, arrival, wish.size)


def _parts(start: int, end: int) -> list[tuple[int, int]]:
    """What to ask for, as pairs of first byte and byte after the last.

    The last byte is asked for alone where ssb-server would read up to the end in full pieces: it then sends an
    empty piece behind them, which is a goodbye on the wire (multiblob 1.13 over packet-stream-codec 1.2).
    """
    if end - start > 1 and (end - start) % PIECE == 0:
        return [(start, end - 1), (end - 1, end)]
    return [(start, end)]


def _request(source: Source, name: str, wish: Wish, start: int, end: int) -> dict[str, object]:
    part = {"start": start, "end": end, "size": wish.size} if name == "getSlice" else {}
    args = [{"key": wish.blob, **part, "max": wish.limit}]
    called = ["blobs", name]
    return {"connection": source.connection, "name": called, "type": "source", "args": args}


async def _ask(
    node: Node, request: dict[str, object], source: Source, arrival: Arrival, end: int
) -> None:
    """One call; the file has `end` bytes afterwards."""
    async with node.duplex(source.service, "connections.call", request, window=WINDOW) as stream:
        while True:
            async with asyncio.timeout(source.stall_ms / 1000):
                batch = await anext(stream, None)
            if batch is None:
                break
            for body in batch.bodies:
                arrival.write(body)
            if arrival.size > end:
                raise Failed("lied", f"more than {end} bytes came")
    if arrival.size < end:
        raise Failed("lied", f"{arrival.size} bytes came, not {end}")
