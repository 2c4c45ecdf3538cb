"""Carries a `gossip.ping` conversation over a stream, with its pauses.

Knows streams of the bus and waiting. Must never know whose connection it is. Used for both sides: the one we
serve to peers that call us, and the one we begin where we dialled.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence

import orjson

from common.bus import Batch, PeerError
from services.peers.ping import Ping

__all__ = ["converse"]

Send = Callable[[Sequence[bytes]], Awaitable[None]]


async def converse(
    ping: Ping,
    batches: AsyncIterable[Batch],
    send: Send,
    *,
    clock: Callable[[], int],
    pause_ms: int,
    first: bool,
    heard: Callable[[], None] = lambda: None,
) -> None:
    """Throw time stamps to and fro until the other side ends; `first` tells that we begin.

    `heard` is called after each round that we began.

    Raises:
        PeerError: the other side sent what is no number.
        BusError: the stream broke.
    """
    rounds: asyncio.Task[None] | None = None
    try:
        if first:
            await send([orjson.dumps(ping.serve(clock()))])
        async for batch in batches:
            for stamp in _stamps(batch):
                back = ping.receive(stamp, clock())
                if back is None:
                    heard()
                    continue
                await send([orjson.dumps(back)])
                if rounds is not None:
                    rounds.cancel()
                rounds = asyncio.get_running_loop().create_task(
                    _serve_later(ping, send, clock, pause_ms)
                )
    finally:
        if rounds is not None:
            rounds.cancel()
            await asyncio.gather(rounds, return_exceptions=True)


async def _serve_later(ping: Ping, send: Send, clock: Callable[[], int], pause_ms: int) -> None:
    await asyncio.sleep(pause_ms / 1000)
    await send([orjson.dumps(ping.serve(clock()))])


def _stamps(batch: Batch) -> list[float]:
    try:
        stamps = batch.json()
    except ValueError:
        stamps = [None]
    if not all(isinstance(stamp, int | float) for stamp in stamps):
        raise PeerError("a ping must be a number")
    return stamps
