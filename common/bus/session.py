"""A service's callers: one session for each connection, with the calls open on it.

Knows who is there and which call a message is for (docs/bus.md, sections 2 and 3); must never know
what a call carries. `Node` owns one `Server` when it offers methods.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import zmq

from common.bus import frames
from common.bus.curve import guard
from common.bus.errors import BusError, CallerError, Unavailable, describe
from common.bus.frames import Kind, Message, Refused
from common.bus.keyring import Keyring
from common.bus.remote import Timing
from common.bus.serving import Call, Method
from common.bus.socket import Mailbox, Socket, Watch, open_socket
from common.bus.values import Encode, Parse

MAX_OPEN_CALLS = 4096  # a caller's; each costs a task here
PROBE_DELAY = 0.02  # seconds until ZeroMQ itself knows that a connection has ended
STOP_PATIENCE = 0.3  # seconds that handlers get to end when the service stops
LINGER_MS = 300  # for the last words of a service that stops
logger = logging.getLogger(__name__)


class Session:
    """One caller's connection."""

    def __init__(self, identity: bytes) -> None:
        self.identity = identity
        self.calls: dict[int, Call] = {}
        self.last_call = 0
        self.silent = 0
        self.quiet = 0


class Server:
    """The ROUTER of a service and all who talk to it."""

    def __init__(
        self,
        name: str,
        methods: Mapping[str, Method],
        *,
        incarnation: bytes,
        timing: Timing,
        parse: Parse,
        encode: Encode,
        refused: Counter[str],
    ) -> None:
        self._name = name
        self._methods = methods
        self._incarnation = incarnation
        self._timing = timing
        self._parse = parse
        self._encode = encode
        self._refused = refused
        manifest = {name: list(method.described) for name, method in methods.items()}
        hello = {"incarnation": incarnation, "manifest": manifest}
        self._hello = frames.encode(Kind.HELLO, 0, name, hello)
        self._ping = frames.encode(Kind.PING)
        self._pong = frames.encode(Kind.PONG, 0, "", {"incarnation": incarnation})
        self._sessions: dict[bytes, Session] = {}
        self._stopping = False
        self._mailbox: Mailbox | None = None
        self._watch: Watch | None = None
        self._probe: asyncio.TimerHandle | None = None

    def open(
        self, context: zmq.Context[Socket], endpoint: str, keyring: Keyring | None = None
    ) -> None:
        """Bind the endpoint; with a keyring, for known keys only.

        Raises:
            zmq.ZMQError: it cannot be bound.
        """
        socket = open_socket(context, zmq.ROUTER)
        if keyring is not None:
            guard(socket, keyring)
        try:
            socket.bind(endpoint)
        except zmq.ZMQError:
            socket.close()
            raise
        counted = None if keyring is None else self._refused
        self._watch = Watch(socket, self._connection_changed, counted)
        self._mailbox = Mailbox(socket, self._receive)

    async def close(self) -> None:
        """Refuse new calls, end the open ones with `Unavailable`, and leave the endpoint."""
        if self._mailbox is None or self._watch is None:
            return
        self._stopping = True
        calls = [call for session in self._sessions.values() for call in session.calls.values()]
        for call in calls:
            call.fail(Unavailable(f"{self._name} is stopping"))
        tasks = [call.task for call in calls]
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_PATIENCE)
        if self._probe is not None:
            self._probe.cancel()
        self._sessions.clear()
        self._watch.close()
        self._mailbox.close(LINGER_MS)

    def tick(self) -> None:
        """Let time pass: ping who is waiting, forget who is silent."""
        for session in list(self._sessions.values()):
            session.silent += 1
            session.quiet += 1
            if session.silent >= self._timing.silence:
                self._lose(session, Unavailable("the caller was silent for too long"))
            elif session.quiet >= self._timing.ping:
                self._send(session, self._ping)

    def _connection_changed(self, made: bool) -> None:
        if not made and self._probe is None:
            loop = asyncio.get_running_loop()
            self._probe = loop.call_later(PROBE_DELAY, self._probe_callers)

    def _probe_callers(self) -> None:
        self._probe = None
        for session in list(self._sessions.values()):
            self._send(session, self._ping)  # who has left is lost by this

    def _send(self, session: Session, message: Sequence[bytes]) -> None:
        session.quiet = 0
        if self._mailbox is None or self._mailbox.send([session.identity, *message]):
            return
        if self._sessions.pop(session.identity, None) is not None:
            self._drop_calls(session, Unavailable("the caller has left"))

    def _lose(self, session: Session, error: BusError) -> None:
        for call in list(session.calls):
            self._send(session, frames.encode(Kind.ERROR, call, "", describe(error)))
        self._sessions.pop(session.identity, None)
        self._drop_calls(session, error)

    @staticmethod
    def _drop_calls(session: Session, error: BusError) -> None:
        for call in list(session.calls.values()):
            call.drop(error)

    def _receive(self, parts: list[bytes]) -> None:
        identity = parts[0]
        session = self._sessions.get(identity)
        try:
            message = frames.decode(parts[1:])
        except Refused as refused:
            self._refused[refused.reason] += 1
            if session is not None and refused.call:
                self._answer_refused(session, refused)
            return
        if session is None:
            if message.kind not in (Kind.HELLO, Kind.CALL):
                return  # of a caller that was forgotten: it has been told
            session = self._sessions[identity] = Session(identity)
        session.silent = 0
        self._dispatch(session, message)

    def _answer_refused(self, session: Session, refused: Refused) -> None:
        call = session.calls.get(refused.call)
        if call is not None:
            call.refuse(refused.reason)
        elif refused.call > session.last_call:  # it may have been meant to open a call
            error = CallerError(f"the caller broke the protocol: {refused.reason}", "protocol")
            self._send(session, frames.encode(Kind.ERROR, refused.call, "", describe(error)))

    def _dispatch(self, session: Session, message: Message) -> None:
        kind = message.kind
        if kind == Kind.CALL:
            self._accept(session, message)
        elif message.call:
            call = session.calls.get(message.call)
            if call is not None:
                call.take(message)
        elif kind == Kind.HELLO:
            self._send(session, self._hello)
        elif kind == Kind.PING:
            self._send(session, self._pong)

    def _accept(self, session: Session, message: Message) -> None:
        number = message.call
        if number <= session.last_call:
            self._refused["call_reused"] += 1
            call = session.calls.get(number)
            if call is not None:
                call.refuse("the number of an open call was used again")
            return
        session.last_call = number
        error = self._objection(session, message)
        if error is None:
            try:
                call = session.calls[number] = Call(
                    message,
                    self._methods[message.method],
                    emit=self._emitter(session, number),
                    over=lambda: self._forget(session, number),
                    parse=self._parse,
                    encode=self._encode,
                )
                if self._sessions.get(session.identity) is not session:
                    call.drop(Unavailable("the caller has left"))
            except ValueError as invalid:
                self._refused["caller"] += 1
                error = CallerError(str(invalid), "protocol")
        if error is not None:
            self._send(session, frames.encode(Kind.ERROR, number, "", describe(error)))

    def _objection(self, session: Session, message: Message) -> BusError | None:
        if message.options["incarnation"] != self._incarnation:
            self._send(session, self._hello)
            return Unavailable(f"{self._name} has been restarted")
        if self._stopping:
            return Unavailable(f"{self._name} is stopping")
        if len(session.calls) >= MAX_OPEN_CALLS:
            return CallerError(f"{MAX_OPEN_CALLS} calls are open", "overloaded")
        method = self._methods.get(message.method)
        if method is None:
            return CallerError(f"no such method: {message.method}", "no_such_method")
        if method.shape != message.options["type"]:
            return CallerError(f"{message.method} is {method.shape}")
        return None

    @staticmethod
    def _forget(session: Session, number: int) -> None:
        session.calls.pop(number, None)

    def _emitter(
        self,
        session: Session,
        number: int,
    ) -> Callable[[int, Mapping[str, Any], Sequence[bytes]], None]:
        def emit(kind: int, options: Mapping[str, Any], bodies: Sequence[bytes]) -> None:
            self._send(session, frames.encode(kind, number, "", options, bodies))

        return emit
