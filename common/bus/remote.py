"""One service as its callers here see it: the connection, its health, the calls open on it.

Knows when a service is up (docs/bus.md, section 3) and routes what comes to the calls; must never
know what a call carries. A connection that broke is never used again: the next one is a new DEALER,
so that nothing of the old one can be mistaken. `Node` owns one remote for each service it calls.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zmq

from common.bus.calling import Pending, Stream
from common.bus.curve import introduce
from common.bus.errors import OurError, Unavailable
from common.bus.frames import NO_OPTIONS, Kind, Message, Refused, decode, encode
from common.bus.keyring import Keyring
from common.bus.socket import Mailbox, Socket, Watch, open_socket
from common.bus.values import Parse

Manifest = Mapping[str, tuple[str, list[str], bool, str]]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """The bus's clock: a tick in seconds, and how many ticks of what mean what."""

    tick: float = 0.5
    hello: int = 2  # ticks between two hellos that were not answered
    ping: int = 4  # ticks without a message sent, then a ping
    silence: int = 20  # ticks without a message heard, then the other side counts as gone
    reopen: float = 0.05  # seconds from a broken connection to the next one


class Remote:
    """The connection to one service, made again for ever."""

    def __init__(
        self,
        service: str,
        endpoint: str,
        context: zmq.Context[Socket],
        *,
        name: str,
        incarnation: bytes,
        timing: Timing,
        parse: Parse,
        refused: Counter[str],
        changed: Callable[[str, bool], None],
        keyring: Keyring | None = None,
    ) -> None:
        self.service = service
        self.incarnation: bytes | None = None  # of the service; None while it is down
        self.manifest: Manifest = {}
        self._endpoint = endpoint
        self._context = context
        self._hello = encode(Kind.HELLO, 0, name, {"incarnation": incarnation})
        self._pong = encode(Kind.PONG, 0, "", {"incarnation": incarnation})
        self._timing = timing
        self._parse = parse
        self._refused = refused
        self._changed = changed
        self._keyring = keyring
        self._calls: dict[int, Pending | Stream] = {}
        self._last_call = 0
        self._silent = self._quiet = self._waiting = 0
        self._mailbox: Mailbox | None = None
        self._watch: Watch | None = None
        self._reopening: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to connect."""
        self._reopening = None
        socket = open_socket(self._context, zmq.DEALER)
        if self._keyring is not None:
            introduce(socket, self._keyring, self.service)
        counted = None if self._keyring is None else self._refused
        self._watch = Watch(socket, self._connection_changed, counted)
        self._mailbox = Mailbox(socket, self._receive)
        self._silent = self._quiet = self._waiting = 0
        socket.connect(self._endpoint)
        if self._endpoint.startswith("inproc:"):  # has no monitor: say hello at once
            self._send(self._hello)

    def close(self, why: str = "this node has stopped") -> None:
        """End the connection and every open call."""
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        self._disconnect(why)

    def ask(
        self,
        method: str,
        options: Mapping[str, Any],
        bodies: Sequence[bytes],
    ) -> Pending:
        """Open an async call.

        Raises:
            Unavailable: the service is down.
            OurError: the call is over a limit of the bus.
        """
        call = self._next_call()
        pending = Pending(self._emitter(call), lambda: self._forget(call), self._parse)
        self._open(call, pending, method, {**options, "type": "async"}, bodies)
        return pending

    def stream(
        self,
        shape: str,
        method: str,
        options: Mapping[str, Any],
        bodies: Sequence[bytes],
        window: int,
    ) -> Stream:
        """Open a source, a sink or a duplex.

        Raises:
            Unavailable: the service is down.
            OurError: the call is over a limit of the bus.
        """
        call = self._next_call()
        over: Callable[[], None] = lambda: self._forget(call)  # noqa: E731  typed for mypy
        stream = Stream(shape, window, self._emitter(call), over, self._parse)
        self._open(call, stream, method, {**options, "type": shape, "window": window}, bodies)
        return stream

    def tick(self) -> None:
        """Let time pass: hello, ping, or the end of a connection that is silent."""
        if self._mailbox is None:
            return
        self._quiet += 1
        self._silent += 1
        timing = self._timing
        if self.incarnation is None:
            self._waiting += 1
            if self._waiting % timing.hello == 0:
                self._say_hello()
        elif self._silent >= timing.silence:
            self._break("was silent for too long")
        elif self._quiet >= timing.ping:
            self._send(encode(Kind.PING))

    def _say_hello(self) -> None:
        on_its_own = self._endpoint.startswith("ipc:")  # connects as long as it takes
        if self._waiting >= self._timing.silence and not on_its_own:
            self._break("does not answer")  # inproc: the queue would grow with each hello
        else:
            self._send(self._hello)

    def _next_call(self) -> int:
        self._last_call += 1
        return self._last_call

    def _forget(self, call: int) -> None:
        self._calls.pop(call, None)

    def _open(
        self,
        call: int,
        state: Pending | Stream,
        method: str,
        options: dict[str, Any],
        bodies: Sequence[bytes],
    ) -> None:
        if self.incarnation is None:
            raise Unavailable(f"{self.service} is not available")
        options["incarnation"] = self.incarnation
        try:
            frames = encode(Kind.CALL, call, method, options, bodies)
        except ValueError as error:
            raise OurError(str(error), "protocol") from error
        if not self._send(frames):
            raise Unavailable(f"{self.service} is not available")
        self._calls[call] = state

    def _emitter(self, call: int) -> Callable[[int, Mapping[str, Any], Sequence[bytes]], None]:
        def emit(kind: int, options: Mapping[str, Any], bodies: Sequence[bytes]) -> None:
            if call in self._calls:
                self._send(encode(kind, call, "", options, bodies))

        return emit

    def _send(self, frames: Sequence[bytes]) -> bool:
        if self._mailbox is None:
            return False
        if self._mailbox.send(frames):
            self._quiet = 0
            return True
        if self.incarnation is not None:
            self._break("has left")
        return False

    def _receive(self, frames: list[bytes]) -> None:
        self._silent = 0
        try:
            message = decode(frames)
        except Refused as refused:
            self._refused[refused.reason] += 1
            state = self._calls.get(refused.call)
            if state is not None:
                state.fail(OurError(f"the service broke the protocol: {refused}", "protocol"))
            return
        state = self._calls.get(message.call)
        if state is not None:
            state.take(message)
        elif message.kind == Kind.HELLO:
            self._met(message)
        elif message.kind == Kind.PING:
            self._send(self._pong)
        elif message.kind == Kind.PONG and message.options["incarnation"] != self.incarnation:
            self._send(self._hello)

    def _met(self, hello: Message) -> None:
        incarnation = hello.options["incarnation"]
        if self.incarnation == incarnation:
            return
        if self.incarnation is not None:
            self._break("has been restarted")
            return
        manifest = _manifest(hello.options.get("manifest", NO_OPTIONS))
        if manifest is None:
            self._refused["manifest"] += 1
            return
        self.manifest, self.incarnation, self._waiting = manifest, incarnation, 0
        self._changed(self.service, True)

    def _connection_changed(self, made: bool) -> None:
        if made:
            self._send(self._hello)
            return
        if self._mailbox is not None:
            self._mailbox.drain()  # what was sent before the end still counts
        self._break("has ended")

    def _break(self, why: str) -> None:
        if self._mailbox is None:
            return
        self._disconnect(f"{self.service} {why}")
        loop = asyncio.get_running_loop()
        self._reopening = loop.call_later(self._timing.reopen, self.open)

    def _disconnect(self, why: str) -> None:
        if self._watch is not None and self._mailbox is not None:
            self._watch.close()
            self._mailbox.close()
            self._watch = self._mailbox = None
        was_up = self.incarnation is not None
        self.incarnation, self.manifest = None, {}
        for state in list(self._calls.values()):
            state.lose(Unavailable(why))
        self._calls.clear()
        if was_up:
            logger.info("%s: down: %s", self.service, why)
            self._changed(self.service, False)


def _manifest(described: Mapping[object, object]) -> Manifest | None:
    manifest: dict[str, tuple[str, list[str], bool, str]] = {}
    for method, entry in described.items():
        match method, entry:
            case str(), [str(shape), list(roles), bool(muxrpc), *after] if all(
                isinstance(one, str) for one in (*roles, *after[:1])
            ):
                manifest[method] = (shape, roles, muxrpc, str(after[0]) if after else "")
            case _:
                return None
    return manifest
