"""What every link goes through once its stream stands, whoever began it and over whatever transport.

Knows the secret handshake, who is let in, and how a conversation begins. Must never know sockets or transports.
The doorway hands it links that came in, the dialler those it made.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable

from common.bus import BusError, CallerError, PeerError
from common.crypto.keys import Keys
from common.refs import FeedId, feed_id
from common.wire.handshake import Client, Outcome, Server
from services.network.adapters.conversation import Conversation
from services.network.adapters.exchange import CROSSED, Exchange
from services.network.adapters.gate import BLOCKED, Gate
from services.network.adapters.handshaking import Answer, Handshaking
from services.network.adapters.link import Link
from services.network.channel import Boxed, Plain
from services.network.limits import Guard
from services.network.model import Connection
from services.network.permission import MASTER, Role

__all__ = ["Meeting"]


class Meeting:
    """Makes connections of links. `seed` makes 32 random bytes, new for each handshake."""

    def __init__(
        self,
        *,
        keys: Keys,
        app_key: bytes,
        exchange: Exchange,
        gate: Gate,
        guard: Guard,
        connections_per_key: int,
        seed: Callable[[], bytes],
    ) -> None:
        self._keys = keys
        self._app_key = app_key
        self._exchange = exchange
        self._gate = gate
        self._guard = guard
        self._connections_per_key = connections_per_key
        self._seed = seed

    @property
    def own(self) -> FeedId:
        """Our own key."""
        return self._keys.id

    def receive(self, link: Link, where: str, transport: str, settled: Callable[[], None]) -> None:
        """Find out who came in, and talk with him if he may; `where` is the address without the key.

        `settled` is told when the handshake is over, well or badly.
        """

        def agreed(outcome: Outcome, leftover: bytes) -> None:
            settled()
            feed = feed_id(outcome.remote)
            role = self._gate.role(feed, transport, dialled=False)
            reason = BLOCKED if role is None else self._refusal(feed, transport)
            if reason is None and self._exchange.settle(feed, dialled=False) is not None:
                reason = CROSSED
            if role is None or reason is not None:
                self._exchange.count(reason or BLOCKED)
                link.close(reason or BLOCKED)
                return
            address = f"{where}~shs:{b64encode(outcome.remote).decode()}"
            talk = self._talk(link, outcome, address, role, transport, dialled=False)
            if leftover:
                talk.received(leftover)

        def failed(reason: str) -> None:
            settled()
            self._exchange.count(reason)

        def ask(feed: FeedId, answer: Answer) -> None:
            reason = self._refusal(feed, transport)
            if reason is None:
                self._gate.ask(feed, transport, answer)
            else:
                answer(reason)

        machine = Server(self._app_key, self._keys.public, self._keys.secret, self._seed())
        Handshaking(link, machine, ask=ask, agreed=agreed, failed=failed)

    def receive_local(self, link: Link, address: str) -> None:
        """Talk with a local client: who can open the unix socket is the owner."""
        self._exchange.open(
            link,
            Plain(),
            feed=self._keys.id,
            address=address,
            dialled=False,
            role=MASTER,
            transport="unix",
        )

    def greet(
        self, link: Link, public: bytes, address: str, transport: str
    ) -> asyncio.Future[Connection]:
        """Prove who we are to whom we called, and talk with him; fails with a BusError."""
        result: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

        def agreed(outcome: Outcome, leftover: bytes) -> None:
            feed = feed_id(outcome.remote)
            role = self._gate.role(feed, transport, dialled=True)
            if role is None:
                link.close(BLOCKED)
                _fail(result, CallerError(BLOCKED, "refused"))
                return
            standing = self._exchange.settle(feed, dialled=True)
            if standing is not None:
                self._exchange.count(CROSSED)
                link.close(CROSSED)
                if not result.done():
                    result.set_result(standing)
                return
            talk = self._talk(link, outcome, address, role, transport, dialled=True)
            if leftover:
                talk.received(leftover)
            if not result.done():
                result.set_result(talk.connection)

        def failed(reason: str) -> None:
            self._exchange.count(reason)
            _fail(result, PeerError(reason, "refused"))

        machine = Client(self._app_key, self._keys.public, self._keys.secret, public, self._seed())
        Handshaking(
            link, machine, ask=lambda _feed, _answer: None, agreed=agreed, failed=failed
        ).begin()
        return result

    def _talk(
        self,
        link: Link,
        outcome: Outcome,
        address: str,
        role: Role,
        transport: str,
        *,
        dialled: bool,
    ) -> Conversation:
        return self._exchange.open(
            link,
            Boxed(outcome),
            feed=feed_id(outcome.remote),
            address=address,
            dialled=dialled,
            role=role,
            transport=transport,
        )

    def _refusal(self, feed: FeedId, transport: str) -> str | None:
        """Why a key is not let in however it behaves; those with full rights always are."""
        if self._gate.role(feed, transport, dialled=False) == MASTER:
            return None
        reason = self._guard.refused_keys.reason(feed, asyncio.get_running_loop().time())
        if reason is None and self._exchange.connections.count(feed) >= self._connections_per_key:
            return "too many connections of one key"
        return reason


def _fail(result: asyncio.Future[Connection], error: BusError) -> None:
    if not result.done():
        result.set_exception(error)
