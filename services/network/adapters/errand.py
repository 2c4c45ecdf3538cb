"""One call to somebody under a key that is not ours: how a guest's invite is used at a pub.

Knows how to reach, greet and ask once; the connection counts nowhere and answers nothing. Must never know what is asked.
Used by the handler of `connections.ask`.
"""

import asyncio
from collections.abc import Callable, Sequence

from common.bus import PeerError
from common.crypto.keys import Keys
from common.refs import raw
from common.refs.targets import Target
from common.wire.events import Failure, Request
from common.wire.handshake import Client, Outcome
from services.network.adapters.carrier import Carrier
from services.network.adapters.conversation import Conversation, OpenCall
from services.network.adapters.handshaking import Handshaking
from services.network.adapters.link import Link
from services.network.channel import Boxed
from services.network.model import Connection
from services.network.permission import ANONYMOUS

__all__ = ["Errand"]

CLOSED = "the connection was closed"


class _Answer:
    """What is said to the one call."""

    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def items(self, bodies: list[bytes], types: bytes) -> None:
        """Nobody asked for a stream."""

    def value(self, body: bytes, kind: int) -> None:
        """The peer answered."""
        del kind
        if not self._answer.done():
            self._answer.set_result(body)

    def ended(self, failure: Failure | None) -> None:
        """The peer refused."""
        _fail(self._answer, CLOSED if failure is None else failure.message)

    def lost(self) -> None:
        """The connection is gone."""
        _fail(self._answer, CLOSED)


class _Nobody:
    """Keeps no count."""

    def over(self, talk: Conversation, reason: str) -> None:
        """It ended."""

    def holds(self, talk: Conversation, size: int) -> None:
        """Bytes wait on it."""

    def refused(self, talk: Conversation, reason: str) -> None:
        """A call was refused."""


class Errand:
    """Asks once. `seed` makes 32 random bytes, new for each handshake."""

    def __init__(
        self,
        app_key: bytes,
        carrier: Carrier,
        handshake_seconds: float,
        seed: Callable[[], bytes],
    ) -> None:
        self._app_key = app_key
        self._carrier = carrier
        self._handshake_seconds = handshake_seconds
        self._seed = seed

    async def ask(self, way: Target, keys: Keys, name: Sequence[str], args: bytes) -> bytes:
        """Call an async method by one way, as the one whose keys these are; gives the value's JSON.

        Raises:
            OSError: nobody answered there.
            PeerError: not the one who was called, or what it answered.
        """
        link = await self._carrier.reach(way)
        try:
            link.hurry(self._handshake_seconds)
            return await self._call(link, way, await self._greet(link, way, keys), name, args)
        finally:
            link.close("asked")

    async def _greet(self, link: Link, way: Target, keys: Keys) -> tuple[Outcome, bytes]:
        agreed: asyncio.Future[tuple[Outcome, bytes]] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome, leftover: bytes) -> None:
            if not agreed.done():
                agreed.set_result((outcome, leftover))

        machine = Client(self._app_key, keys.public, keys.secret, raw(way.key), self._seed())
        Handshaking(
            link,
            machine,
            ask=lambda _feed, _answer: None,
            agreed=done,
            failed=lambda reason: _fail(agreed, reason),
        ).begin()
        return await agreed

    @staticmethod
    async def _call(
        link: Link, way: Target, met: tuple[Outcome, bytes], name: Sequence[str], args: bytes
    ) -> bytes:
        outcome, leftover = met
        connection = Connection("", way.key, way.place, True, ANONYMOUS, way.carrier, 0)
        talk = Conversation(
            link, Boxed(outcome), connection, answer=_serves_nothing, watcher=_Nobody()
        )
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        talk.call("async", name, args, _Answer(answer))
        if leftover:
            talk.received(leftover)
        value = await answer
        talk.close("asked")
        return value


def _serves_nothing(talk: Conversation, request: Request) -> OpenCall | None:
    talk.fail(request.call, f"no {request.type}:{','.join(request.name)}")
    return None


def _fail(future: asyncio.Future[bytes] | asyncio.Future[tuple[Outcome, bytes]], why: str) -> None:
    if not future.done():
        future.set_exception(PeerError(why, "refused"))
