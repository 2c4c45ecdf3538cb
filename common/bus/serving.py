"""The service's side of a call: what a handler gets, and how its outcome is told.

A `Call` runs one handler as one task. Fed by the session it belongs to (common.bus.session); it
knows messages and credit, and must never know sockets, clocks or other calls.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.bus.channel import Inbox, Outbox
from common.bus.credit import DEFAULT_WINDOW, Overrun
from common.bus.errors import BusError, CallerError, OurError, describe, revive
from common.bus.frames import NO_OPTIONS, Kind, Message
from common.bus.values import JSON, Batch, Caller, Encode, Parse, Raw

Emit = Callable[[int, Mapping[str, Any], Sequence[bytes]], None]  # kind, options, bodies
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Method:
    """What a service offers: `allow` are the roles beside master, `muxrpc` whether clients see it.

    `after` is the service that is asked first: this one then for what that one does not find.
    """

    type: str
    handler: "Callable[[Call], Awaitable[object]]"
    allow: tuple[str, ...] = ()
    muxrpc: bool = True
    after: str = ""

    @property
    def described(self) -> tuple[str, list[str], bool, str]:
        """What the manifest tells of it."""
        return self.type, list(self.allow), self.muxrpc, self.after

    @property
    def shape(self) -> str:
        """The shape of the call on the bus: `sync` of muxrpc is `async` here."""
        return "async" if self.type == "sync" else self.type


class Call:
    """One call, as its handler sees it."""

    def __init__(
        self,
        message: Message,
        method: Method,
        *,
        emit: Emit,
        over: Callable[[], None],
        parse: Parse,
        encode: Encode,
    ) -> None:
        options = message.options
        self.method = message.method
        self.type = method.shape
        self.caller = Caller.from_map(options.get("caller", NO_OPTIONS))
        self.args_json = message.bodies[0]
        self.bodies = message.bodies[1:]
        self._args: list[Any] | None = None
        self._emit = emit
        self._tell_over = over
        self._parse = parse
        self._encode = encode
        self._over = False
        self._inbox = Inbox(DEFAULT_WINDOW, lambda n: emit(Kind.CREDIT, {"bytes": n}, ()))
        self._outbox = Outbox(
            options.get("window", DEFAULT_WINDOW),
            lambda options, bodies: emit(Kind.DATA, options, bodies),
        )
        if self.type in ("async", "source"):
            self._inbox.end()
        else:
            emit(Kind.CREDIT, {"bytes": DEFAULT_WINDOW}, ())
        if self.type in ("async", "sink"):
            self._outbox.end(OurError(f"nothing can be sent from {self.type} {self.method}"))
        self.task = asyncio.get_running_loop().create_task(self._run(method.handler))

    @property
    def args(self) -> list[Any]:
        """The arguments.

        Raises:
            CallerError: they are not a JSON array.
        """
        if self._args is None:
            try:
                args = self._parse(self.args_json)
            except ValueError as error:
                raise CallerError("the arguments are not JSON") from error
            if not isinstance(args, list):
                raise CallerError("the arguments are not a JSON array")
            self._args = args
        return self._args

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        batch = await self._inbox.pull()
        if batch is None:
            raise StopAsyncIteration
        return batch

    async def ready(self) -> None:
        """Wait until the caller has granted credit: what is read only then is not held meanwhile.

        Raises:
            BusError: the call is over with this error.
        """
        await self._outbox.ready()

    async def send(
        self,
        bodies: Sequence[bytes],
        *,
        types: bytes | None = None,
        position: int | None = None,
    ) -> None:
        """Send items of a source or duplex as soon as the caller has granted credit.

        Raises:
            BusError: the call is over with this error.
        """
        await self._outbox.send(bodies, types, position)

    def end(self) -> None:
        """End our direction of a duplex and go on reading; to return from the handler ends both."""
        if self.type == "duplex" and not self._outbox.ended:
            self._emit(Kind.END, NO_OPTIONS, ())
            self._outbox.end(OurError("this direction has been ended"))

    def take(self, message: Message) -> None:
        """Take a message of the caller."""
        kind, options = message.kind, message.options
        if kind == Kind.DATA and not self._inbox.ended:
            batch = Batch(
                message.bodies, options.get("types"), options.get("position"), self._parse
            )
            try:
                self._inbox.push(batch)
            except Overrun:
                self.refuse("data without credit")
        elif kind == Kind.CREDIT and self.type in ("source", "duplex"):
            self._outbox.grant(options["bytes"])
        elif kind == Kind.END and not self._inbox.ended:
            self._inbox.end()
            if self.task.done():
                self._finish()
        elif kind == Kind.CANCEL:
            self.drop(CallerError("the call was cancelled", "cancelled"))
        elif kind == Kind.ERROR:
            self.drop(revive(options["fault"], options["code"], options["message"]))
        else:
            self.refuse(f"kind {kind} in a {self.type} call")

    def refuse(self, what: str) -> None:
        """End the call because the caller broke the protocol."""
        self.fail(CallerError(f"the caller broke the protocol: {what}", "protocol"))

    def fail(self, error: BusError) -> None:
        """End the call with an error that the caller is told."""
        self._emit(Kind.ERROR, describe(error), ())
        self.drop(error)

    def drop(self, error: BusError) -> None:
        """End the call without a word, and its handler with it."""
        self._inbox.end(error)
        self._outbox.end(error)
        self._finish()
        self.task.cancel()

    async def _run(self, handler: "Callable[[Call], Awaitable[object]]") -> None:
        try:
            self._answer(await handler(self))
        except BusError as error:
            self._give_up(error)
        except Exception:
            if not self._over:
                logger.exception("%s failed", self.method)
            self._give_up(OurError(f"{self.method} failed"))
        except asyncio.CancelledError:
            self._give_up(OurError(f"{self.method} was cancelled", "cancelled"))
            raise

    def _answer(self, value: object) -> None:
        if self._over:
            return
        if self.type in ("async", "sink"):
            self._emit(Kind.END, *self._encoded(value))
            self._finish()
            return
        if not self._outbox.ended:
            self._emit(Kind.END, NO_OPTIONS, ())
            self._outbox.end()
        if self._inbox.ended:
            self._finish()
        else:
            self._inbox.discard()  # until the caller ends its direction too

    def _encoded(self, value: object) -> tuple[Mapping[str, Any], list[bytes]]:
        match value:
            case None:
                return NO_OPTIONS, []
            case bytes():
                return NO_OPTIONS, [value]
            case Raw(kind, body):
                return (NO_OPTIONS if kind == JSON else {"types": bytes([kind])}), [body]
            case _:
                return NO_OPTIONS, [self._encode(value)]

    def _give_up(self, error: BusError) -> None:
        if not self._over:
            self._emit(Kind.ERROR, describe(error), ())
            self._inbox.end(error)
            self._outbox.end(error)
            self._finish()

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            self._tell_over()
