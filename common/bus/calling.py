"""The caller's side of a call: what is open, what comes for it, how it ends.

A `Pending` is an async call, a `Stream` one of the other three shapes. Both are fed by the
`Remote` that holds the connection (common.bus.remote); they know messages and credit, and must
never know sockets, clocks or other calls.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from common.bus.channel import Inbox, Outbox
from common.bus.credit import Overrun
from common.bus.errors import BusError, CallerError, OurError, describe, revive
from common.bus.frames import NO_OPTIONS, Kind, Message
from common.bus.values import Batch, Parse, Reply

Emit = Callable[[int, Mapping[str, Any], Sequence[bytes]], None]  # kind, options, bodies
Over = Callable[[], None]


def _broken(what: str) -> BusError:
    return OurError(f"the service broke the protocol: {what}", "protocol")


def _cancelled() -> BusError:
    return CallerError("the call was cancelled", "cancelled")


class Pending:
    """An async call that waits for its value."""

    def __init__(self, emit: Emit, over: Over, parse: Parse) -> None:
        self._emit = emit
        self._tell_over = over
        self._parse = parse
        self._open = True
        self._answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    async def wait(self) -> Reply:
        """Wait for the value; a caller that is cancelled cancels the call.

        Raises:
            BusError: the call ended with it.
        """
        try:
            return await self._answer
        finally:
            if self._open:
                self.cancel(_cancelled())

    def take(self, message: Message) -> None:
        """Take a message of the service."""
        if message.kind == Kind.END:
            self._finish()
            if not self._answer.done():
                types = message.options.get("types")
                self._answer.set_result(Reply(message.bodies, types, self._parse))
        elif message.kind == Kind.ERROR:
            self.lose(_revived(message))
        else:
            self.fail(_broken(f"kind {message.kind} in an async call"))

    def lose(self, error: BusError) -> None:
        """End with an error that the service knows of, or can no longer be told."""
        self._finish()
        if not self._answer.done():
            self._answer.set_exception(error)

    def fail(self, error: BusError) -> None:
        """End with an error that the service is told."""
        self._emit(Kind.ERROR, describe(error), ())
        self.lose(error)

    def cancel(self, error: BusError) -> None:
        """Give the call up, if it is still open: `error` is what who waits will get."""
        if self._open:
            self._emit(Kind.CANCEL, NO_OPTIONS, ())
            self.lose(error)

    def _finish(self) -> None:
        if self._open:
            self._open = False
            self._tell_over()


class Stream:
    """The caller's side of a source, a sink or a duplex."""

    def __init__(self, shape: str, window: int, emit: Emit, over: Over, parse: Parse) -> None:
        self._shape = shape
        self._emit = emit
        self._tell_over = over
        self._parse = parse
        self._inbox = Inbox(window, lambda n: emit(Kind.CREDIT, {"bytes": n}, ()))
        self._outbox = Outbox(0, lambda options, bodies: emit(Kind.DATA, options, bodies))
        self._is_over = asyncio.Event()
        self._error: BusError | None = None
        self._value = Reply([], None, parse)
        if shape == "source":
            self._outbox.end(OurError("nothing can be sent into a source"))
        elif shape == "sink":
            self._inbox.end()

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        batch = await self._inbox.pull()
        if batch is None:
            raise StopAsyncIteration
        return batch

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    async def send(
        self,
        bodies: Sequence[bytes],
        *,
        types: bytes | None = None,
        position: int | None = None,
    ) -> None:
        """Send items of a sink or duplex as soon as the service has granted credit.

        Raises:
            BusError: the call is over with this error.
        """
        await self._outbox.send(bodies, types, position)

    async def end(self) -> Reply:
        """End our direction; a sink then waits for its value, a duplex goes on being read.

        Raises:
            BusError: the call ended with it.
        """
        if not self._outbox.ended:
            self._emit(Kind.END, NO_OPTIONS, ())
            self._outbox.end(OurError("this direction has been ended"))
            self._settle()
        if self._shape == "sink":
            await self._is_over.wait()
        if self._error is not None:
            raise self._error
        return self._value

    def cancel(self) -> None:
        """Give the call up, if it is still open: the service's handler is cancelled."""
        if not self._is_over.is_set():
            self._emit(Kind.CANCEL, NO_OPTIONS, ())
            self.lose(_cancelled())

    def fail(self, error: BusError) -> None:
        """End the call, if it is still open, with an error for the service."""
        if not self._is_over.is_set():
            self._emit(Kind.ERROR, describe(error), ())
            self.lose(error)

    def take(self, message: Message) -> None:
        """Take a message of the service."""
        kind, options = message.kind, message.options
        if kind == Kind.DATA and self._shape != "sink" and not self._inbox.ended:
            types, position = options.get("types"), options.get("position")
            try:
                self._inbox.push(Batch(message.bodies, types, position, self._parse))
            except Overrun:
                self.fail(_broken("data without credit"))
        elif kind == Kind.CREDIT and self._shape != "source":
            self._outbox.grant(options["bytes"])
        elif kind == Kind.END and not (self._inbox.ended and self._shape == "duplex"):
            self._take_end(message)
        elif kind == Kind.ERROR:
            self.lose(_revived(message))
        else:
            self.fail(_broken(f"kind {kind} in a {self._shape}"))

    def lose(self, error: BusError) -> None:
        """End with an error that the service knows of, or can no longer be told."""
        self._error = error
        self._inbox.end(error)
        self._outbox.end(error)
        self._finish()

    def _take_end(self, message: Message) -> None:
        self._inbox.end()
        if self._shape == "sink":
            self._value = Reply(message.bodies, message.options.get("types"), self._parse)
            self._outbox.end()
            self._finish()
        self._settle()

    def _settle(self) -> None:
        if self._shape != "sink" and self._inbox.ended and self._outbox.ended:
            self._finish()

    def _finish(self) -> None:
        if not self._is_over.is_set():
            self._is_over.set()
            self._tell_over()


def _revived(message: Message) -> BusError:
    options = message.options
    return revive(options["fault"], options["code"], options["message"])
