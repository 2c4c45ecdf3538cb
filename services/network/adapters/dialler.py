"""Connections that we begin: one for each key that a service wants to talk to.

Knows the ways to a peer, one after the other, and the time a dial may take. Must never know whom to dial or
when: that is for the service `peers`.
"""

import asyncio

from common.bus import CallerError, PeerError
from common.refs import FeedId, raw
from common.refs.targets import Target
from services.network.adapters.carrier import Carrier
from services.network.adapters.exchange import Exchange
from services.network.adapters.gate import Gate
from services.network.adapters.meeting import Meeting
from services.network.limits import Guard
from services.network.model import Connection

__all__ = ["DIAL_SECONDS", "Dialler"]

DIAL_SECONDS = 10.0
"""A dial, handshake included: what is not there by then is away (ssb-conn's time limit)."""

WAY_SECONDS = 5.0
"""Each way of an address that has several."""

HIDDEN_SECONDS = 18.0
"""A hidden host alone: making a way through the onion takes a while. No dial takes longer, unless the caller says
so: callers wait 20 s."""

MAX_SECONDS = 60.0
"""Whatever a caller says."""


class Dialler:
    """Dials; who asks for a key that is connected or being dialled gets the same connection."""

    def __init__(
        self,
        *,
        meeting: Meeting,
        carrier: Carrier,
        exchange: Exchange,
        gate: Gate,
        guard: Guard,
        handshake_seconds: float,
        dial_seconds: float = DIAL_SECONDS,
    ) -> None:
        self._meeting = meeting
        self._carrier = carrier
        self._exchange = exchange
        self._gate = gate
        self._guard = guard
        self._handshake_seconds = handshake_seconds
        self._dial_seconds = dial_seconds
        self._under_way: dict[FeedId, asyncio.Task[Connection]] = {}

    async def dial(
        self, ways: tuple[Target, ...], address: str, seconds: float | None = None
    ) -> Connection:
        """A connection to the key that all ways lead to, the standing one or a new one by the first way that works.

        It goes by the address given; `seconds` is for the last way, where the usual time is too short.

        Raises:
            CallerError: it is our own key, or our feed blocks it.
            PeerError: nobody answered there in time, or not the one who was called.
        """
        feed = ways[0].key
        if feed == self._meeting.own:
            raise CallerError("that is our own key")
        standing = self._exchange.connections.with_peer(feed)
        if standing is not None:
            return standing
        task = self._under_way.get(feed)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._try(ways, address, seconds))
            self._under_way[feed] = task
            task.add_done_callback(lambda done: self._done(feed, done))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Give up what is under way."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, feed: FeedId, task: asyncio.Task[Connection]) -> None:
        self._under_way.pop(feed, None)
        if not task.cancelled():
            task.exception()  # the one who asked may have left

    async def _try(
        self, ways: tuple[Target, ...], address: str, wanted: float | None
    ) -> Connection:
        longest = min(max(wanted or 0, HIDDEN_SECONDS), MAX_SECONDS)
        until = asyncio.get_running_loop().time() + longest
        for way in ways[:-1]:
            try:
                return await self._in_time(way, address, min(self._dial_seconds, WAY_SECONDS))
            except PeerError:
                continue
        last = ways[-1]
        usual = HIDDEN_SECONDS if last.is_hidden else self._dial_seconds
        seconds = max(usual, wanted or 0)
        rest = until - asyncio.get_running_loop().time()
        return await self._in_time(last, address, min(seconds, rest))

    async def _in_time(self, way: Target, address: str, seconds: float) -> Connection:
        try:
            async with asyncio.timeout(seconds):
                await self._check(way.key)
                return await self._connect(way, address)
        except TimeoutError:
            raise PeerError(
                f"could not connect to {way.place}: took too long", "deadline"
            ) from None
        except OSError as error:
            text = error.strerror or str(error) or type(error).__name__
            raise PeerError(f"could not connect to {way.place}: {text}", "refused") from None

    async def _check(self, feed: FeedId) -> None:
        await self._gate.opened()
        if self._gate.role(feed, "net", dialled=True) is None:
            raise CallerError(f"{feed} is blocked", "refused")
        reason = self._guard.refused_keys.reason(feed, asyncio.get_running_loop().time())
        if reason is not None:
            raise CallerError(f"{feed} is refused: {reason}", "refused")

    async def _connect(self, way: Target, address: str) -> Connection:
        link = await self._carrier.reach(way)
        try:
            link.hurry(self._handshake_seconds)
            return await self._meeting.greet(link, raw(way.key), address, _transport(way))
        except asyncio.CancelledError:
            link.close("given up")
            raise


def _transport(way: Target) -> str:
    if way.is_hidden:
        return "onion"
    return "ws" if way.carrier == "wss" else way.carrier
