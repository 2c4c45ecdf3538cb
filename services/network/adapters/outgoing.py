"""A call of one of our services to a method of a peer: `connections.call`.

Knows both call models. Must never know what is called or why. Used by the handler of that method.
"""

import asyncio
from collections.abc import Sequence

from common.bus import BusError, Call, PeerError
from common.wire.events import CallType, Failure
from services.network.adapters.conversation import Conversation
from services.network.adapters.inbox import Inbox, PeerFailedError

__all__ = ["call_peer"]

SENDING = ("sink", "duplex")
CLOSED = "the connection was closed"


class _Outgoing:
    """What the peer says to one call of ours; an async value counts as one item and the end."""

    def __init__(self, conversation: Conversation) -> None:
        self.inbox = Inbox(conversation.hold)
        self.gone = asyncio.Event()

    def items(self, bodies: list[bytes], types: bytes) -> None:
        self.inbox.put(bodies, types)

    def value(self, body: bytes, kind: int) -> None:
        self.inbox.put([body], bytes([kind]))
        self.inbox.end(None)

    def ended(self, failure: Failure | None) -> None:
        self.inbox.end(failure)

    def lost(self) -> None:
        self.inbox.fail(CLOSED)
        self.gone.set()


async def call_peer(
    talk: Conversation, call: Call, kind: CallType, name: Sequence[str], args: bytes
) -> None:
    """Call a method of the peer and carry items both ways until it is over.

    Raises:
        PeerError: the peer answered with an error, or the connection was closed.
    """
    side = _Outgoing(talk)
    number = talk.call(kind, name, args, side)
    outward = asyncio.get_running_loop().create_task(_carry_out(talk, call, number, kind))
    over = False
    try:
        async for bodies, types in side.inbox:
            await call.send(bodies, types=types)
        over = True
        if kind == "duplex":
            call.end()
            await _until_first(outward, side.gone)
    except PeerFailedError as failure:
        over = True
        raise PeerError(str(failure)) from None
    finally:
        outward.cancel()
        await asyncio.gather(outward, return_exceptions=True)
        side.inbox.discard()
        talk.forget(number)
        if not over:
            talk.end(number)


async def _carry_out(talk: Conversation, call: Call, number: int, kind: CallType) -> None:
    if kind not in SENDING:
        return
    try:
        async for batch in call:
            talk.send(number, batch.bodies, batch.types)
            await talk.link.writable()
    except BusError as error:
        talk.fail(number, error.message)
        return
    talk.end(number)


async def _until_first(task: asyncio.Task[None], gone: asyncio.Event) -> None:
    """Wait for our own end of a duplex.

    Raises:
        PeerFailedError: the connection went away before.
    """
    waiting = asyncio.get_running_loop().create_task(gone.wait())
    try:
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if gone.is_set():
        raise PeerFailedError(CLOSED)
