"""Connections that we begin: one for each key that a service wants to talk to.

Knows addresses of the `net` protocol and the time a dial may take. Must never know whom to dial or when: that
is for the service `peers`.
"""

import asyncio
from collections.abc import Callable

from common.bus import BusError, CallerError, PeerError
from common.crypto.keys import Keys
from common.refs import FeedId, feed_id
from common.wire.handshake import Client, Outcome
from services.network.adapters.exchange import Exchange
from services.network.adapters.gate import BLOCKED, Gate
from services.network.adapters.handshaking import HANDSHAKE_SECONDS, Handshaking
from services.network.adapters.link import Link
from services.network.address import Target
from services.network.channel import Boxed
from services.network.limits import Guard
from services.network.model import Connection

__all__ = ["DIAL_SECONDS", "Dialler"]

DIAL_SECONDS = 10.0
"""A dial in all, handshake included: what is not there by then is away (ssb-conn's time limit)."""


class Dialler:
    """Dials; who asks for a key that is connected or being dialled gets the same connection."""

    def __init__(
        self,
        *,
        keys: Keys,
        app_key: bytes,
        exchange: Exchange,
        gate: Gate,
        guard: Guard,
        seed: Callable[[], bytes],
        handshake_seconds: float = HANDSHAKE_SECONDS,
        dial_seconds: float = DIAL_SECONDS,
    ) -> None:
        self._keys = keys
        self._app_key = app_key
        self._exchange = exchange
        self._gate = gate
        self._guard = guard
        self._seed = seed
        self._handshake_seconds = handshake_seconds
        self._dial_seconds = dial_seconds
        self._under_way: dict[FeedId, asyncio.Task[Connection]] = {}

    async def dial(self, target: Target, address: str) -> Connection:
        """A connection to the target's key, the standing one or a new one; it goes by the address given.

        Raises:
            CallerError: it is our own key, or our feed blocks it.
            PeerError: nobody answered there in time, or not the one who was called.
        """
        feed = feed_id(target.public)
        if feed == self._keys.id:
            raise CallerError("that is our own key")
        standing = self._exchange.connections.with_peer(feed)
        if standing is not None:
            return standing
        task = self._under_way.get(feed)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._in_time(target, address))
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

    async def _in_time(self, target: Target, address: str) -> Connection:
        feed = feed_id(target.public)
        where = f"{target.host}:{target.port}"
        try:
            async with asyncio.timeout(self._dial_seconds):
                await self._gate.opened()
                if self._gate.role(feed, "net", dialled=True) is None:
                    raise CallerError(f"{feed} is blocked", "refused")
                reason = self._guard.refused_keys.reason(feed, asyncio.get_running_loop().time())
                if reason is not None:
                    raise CallerError(f"{feed} is refused: {reason}", "refused")
                return await self._connect(target, address)
        except TimeoutError:
            raise PeerError(f"could not connect to {where}: took too long", "deadline") from None
        except OSError as error:
            text = error.strerror or str(error)
            raise PeerError(f"could not connect to {where}: {text}", "refused") from None

    async def _connect(self, target: Target, address: str) -> Connection:
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Connection] = loop.create_future()
        _, link = await loop.create_connection(
            lambda: Link(lambda _: None), target.host, target.port
        )

        def agreed(agreement: Outcome, leftover: bytes) -> None:
            try:
                connection = self._welcome(link, agreement, leftover, address)
            except BusError as error:
                link.close(error.message)
                _fail(outcome, error)
            else:
                if not outcome.done():
                    outcome.set_result(connection)

        def failed(reason: str) -> None:
            self._exchange.count(reason)
            _fail(outcome, PeerError(reason, "refused"))

        machine = Client(
            self._app_key, self._keys.public, self._keys.secret, target.public, self._seed()
        )
        Handshaking(
            link,
            machine,
            ask=lambda _feed, _answer: None,
            agreed=agreed,
            failed=failed,
            limit=self._handshake_seconds,
        ).begin()
        try:
            return await outcome
        except asyncio.CancelledError:
            link.close("given up")
            raise

    def _welcome(self, link: Link, outcome: Outcome, leftover: bytes, address: str) -> Connection:
        feed = feed_id(outcome.remote)
        role = self._gate.role(feed, "net", dialled=True)
        if role is None:
            raise CallerError(BLOCKED, "refused")
        talk = self._exchange.open(
            link,
            Boxed(outcome),
            feed=feed,
            address=address,
            dialled=True,
            role=role,
            transport="net",
        )
        if leftover:
            talk.received(leftover)
        return talk.connection


def _fail(outcome: asyncio.Future[Connection], error: BusError) -> None:
    if not outcome.done():
        outcome.set_exception(error)
