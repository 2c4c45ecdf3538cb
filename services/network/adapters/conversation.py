"""The stage of a link in which both ends call each other's methods.

Knows the muxrpc session and the channel, and holds every open call by its number. Must never know which
service answers: calls of the peer go to `incoming`, calls of ours come from `outgoing`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from common.wire.events import CallType, Closed, Ended, Event, Failure, Items, Request, Value
from common.wire.session import Session
from services.network.adapters.link import Link
from services.network.channel import Channel
from services.network.model import Connection

__all__ = ["Conversation", "OpenCall"]

MAX_WAITING_BYTES = 1024 * 1024
"""What peers' items may wait for services, a connection: above it the socket is not read (back-pressure)."""

RESUME_WAITING_BYTES = MAX_WAITING_BYTES // 2
"""Reading goes on at half of it, so that the socket is not stopped and started for each item."""


class OpenCall(Protocol):
    """One open call of either side, as the conversation sees it."""

    def items(self, bodies: list[bytes], types: bytes) -> None:
        """The peer sent items."""

    def value(self, body: bytes, kind: int) -> None:
        """The peer answered an async call."""

    def ended(self, failure: Failure | None) -> None:
        """The peer's direction ended."""

    def lost(self) -> None:
        """The connection is gone."""


class Watcher(Protocol):
    """Who keeps count of all conversations."""

    def over(self, talk: "Conversation", reason: str) -> None:
        """It ended."""

    def holds(self, talk: "Conversation", size: int) -> None:
        """So many bytes wait on it now."""

    def refused(self, talk: "Conversation", reason: str) -> None:
        """A call of the peer was refused."""


class Conversation:
    """Muxrpc on one connection."""

    def __init__(
        self,
        link: Link,
        channel: Channel,
        connection: Connection,
        *,
        answer: Callable[["Conversation", Request], OpenCall | None],
        watcher: Watcher,
    ) -> None:
        self.connection = connection
        self.link = link
        self._channel = channel
        self._session = Session()
        self._answer = answer
        self._watcher = watcher
        self._calls: dict[int, OpenCall] = {}
        self._waiting = 0
        self._told = 0
        self._gone = False
        self.refused_calls = 0
        self._flushing = False
        self._loop = asyncio.get_running_loop()
        self.active_at = self._loop.time()
        link.stage = self

    def received(self, data: bytes) -> None:
        """Take what the socket read: open it, and give each call its part."""
        self.active_at = self._loop.time()
        plain = self._channel.open(data)
        if plain:
            self._tell(self._session.receive_data(plain))
        if self._channel.end is not None and not self._session.closed:
            self._tell(self._session.receive_eof())
        self._count()

    def lost(self, reason: str) -> None:
        """The link is gone: every open call ends."""
        self._gone = True
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.lost()
        self._watcher.over(self, reason)

    def call(self, kind: CallType, name: Sequence[str], args: bytes, side: OpenCall) -> int:
        """Call a method of the peer; `args` is a JSON array. Answers the call's number."""
        number = self._session.call(kind, name, args)
        self._calls[number] = side
        self.flush_soon()
        return number

    def send(self, call: int, bodies: Sequence[bytes], types: bytes | None) -> None:
        """Send items of a stream; wait for `link.writable` before the next."""
        self._session.send(call, bodies, types)
        self.flush_soon()

    def reply(self, call: int, body: bytes | None, kind: int) -> None:
        """Answer an async call of the peer; None is what the reference sends for no value."""
        if body is None:
            self._session.reply(call)
        else:
            self._session.reply(call, body, kind)
        self._done(call)

    def end(self, call: int) -> None:
        """End our direction of a stream."""
        self._session.end(call)
        self.flush_soon()

    def fail(self, call: int, message: str) -> None:
        """End a call in both directions with an error."""
        self._session.fail(call, message)
        self._done(call)

    def refuse(self, call: int, reason: str) -> None:
        """Do not carry a call of the peer; one who goes on all the same is closed."""
        self.fail(call, reason)
        self._refused(reason)

    def forget(self, call: int) -> None:
        """Nobody here waits for what comes for this call any more."""
        self._calls.pop(call, None)

    def hold(self, size: int) -> None:
        """Count bytes that wait for a service, or (negative) that it has taken."""
        self._waiting += size
        if self._waiting > MAX_WAITING_BYTES:
            self.link.read(wanted=False)
        elif self._waiting <= RESUME_WAITING_BYTES:
            self.link.read(wanted=True)
        self._count()

    @property
    def held(self) -> int:
        """Bytes that wait here: incomplete ones, those that no service has taken, those that no socket has."""
        return self._channel.held + self._session.held + self._waiting + self.link.held

    def close(self, reason: str) -> None:
        """Say goodbye and close."""
        self._session.goodbye()
        self._finish(reason)

    def flush_soon(self) -> None:
        """Send in one write what this turn of the loop has to say."""
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        data = self._session.data_to_send()
        if data:
            self.active_at = self._loop.time()
            self.link.write(self._channel.seal(data))
            self._count()

    def _count(self) -> None:
        if self._session.refusals:
            refusals, self._session.refusals = self._session.refusals, []
            for reason in refusals:
                self._refused(reason)
        held = self.held
        if held != self._told:
            self._told = held
            self._watcher.holds(self, held)

    def _refused(self, reason: str) -> None:
        self.refused_calls += 1
        self._watcher.refused(self, reason)

    def _finish(self, reason: str) -> None:
        self._flush()
        self.link.write(self._channel.goodbye())
        self.link.close(reason)

    def _done(self, call: int) -> None:
        self._calls.pop(call, None)
        self.flush_soon()

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if self._gone:
                return
            if isinstance(event, Items):
                call = self._calls.get(event.call)
                if call is not None:
                    call.items(event.bodies, event.types)
            elif isinstance(event, Request):
                self._begin(event)
            elif isinstance(event, Value):
                call = self._calls.pop(event.call, None)
                if call is not None:
                    call.value(event.body, event.type)
            elif isinstance(event, Ended):
                call = self._calls.get(event.call)
                if call is not None:
                    call.ended(event.failure)
            else:
                self._closed(event)
        self.flush_soon()

    def _begin(self, request: Request) -> None:
        call = self._answer(self, request)
        if call is not None:
            self._calls[request.call] = call

    def _closed(self, event: Closed) -> None:
        end = self._channel.end
        if end is not None and end != "ok":
            self._finish(f"box stream: {end}")
        elif event.reason is None or end == "ok":
            self._finish("goodbye")
        else:
            self._finish(f"muxrpc: {event.reason}")
