"""A muxrpc session: the calls that both sides of one connection make to each other.

Knows packets, call numbers and when a call is over, as `packet-stream` 2.0.6 under `muxrpc` 6.7.3 does. Must
never know which methods exist, who may call them, or what an item means: bodies pass as they are. Called by
`services.network`: plaintext in, events out; commands in, plaintext out.

Rule 1: a command that names a call which is over has crossed with its end on the way, and is ignored.
Rule 2: what a peer may open or make us keep is bounded; what is over the bound costs that call. What is no
packet costs the connection.
"""

import json
from collections.abc import Sequence
from struct import Struct
from typing import NoReturn

from common.wire.calls import MAX_OPEN_CALLS, Call, Calls
from common.wire.errors import ClosedError, PacketError
from common.wire.events import CallType, Closed, Ended, Event, Failure, Items, Request, Value
from common.wire.opening import Opening, RefusedError, read_request, read_stream
from common.wire.packets import END, GOODBYE, JSON, STREAM, STRING, Reader

__all__ = ["MAX_PENDING_BYTES", "NO_VALUE", "Session"]

# What may wait to be drained before a stream is cut off: two of the largest packets. The owner drains after
# every command, and stops reading from its source when the socket is full.
MAX_PENDING_BYTES = 16 * 1024 * 1024
# What the reference sends for an async call that gives no value.
NO_VALUE = b"false"
_TRUE = b"true"
_TYPE_MASK = 3
_LOST = "unexpected end of parent stream"
_pack_header = Struct(">BIi").pack


class Session:
    """One side of a connection; see `common.wire.events` for what it tells and how calls are numbered."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._calls = Calls()
        self._made = 0
        self._outbox: list[bytes] = []
        self._pending = 0
        self._said_goodbye = False
        self._events: list[Event] = []
        # Items of this reading by call number, with the types that go with them.
        self._batches: dict[int, tuple[Items, bytearray]] = {}
        self.closed = False
        self.refusals: list[str] = []
        """Why calls of the peer were refused; the owner counts and clears them."""

    @property
    def held(self) -> int:
        """Bytes that wait here: a packet that is not complete, and what was not drained yet."""
        return self._reader.held + self._pending

    def receive_data(self, data: bytes) -> list[Event]:
        """What these bytes of the peer mean, in order; the items of one stream are one event."""
        if self.closed:
            return []
        events = self._events = []
        batches = self._batches
        try:
            for flags, req, body in self._reader.feed(data):
                if flags & (STREAM | END) == STREAM and req in batches:
                    items, types = batches[req]
                    items.bodies.append(body)
                    types.append(flags & _TYPE_MASK)
                else:
                    self._receive_packet(flags, req, body)
        except PacketError as error:
            self._close(str(error))
        else:
            if self._reader.end is not None:
                self._close(self._reader.end or None)
        for number in list(batches):
            self._complete_batch(number)
        return events

    def receive_eof(self) -> list[Event]:
        """Take the end of the bytes: without the peer's goodbye before it, it hung up."""
        if self.closed:
            return []
        self._events = []
        self._reader.receive_eof()
        self._close(self._reader.end)
        return self._events

    def data_to_send(self) -> bytes:
        """What must go to the peer now; drained by this call."""
        data = b"".join(self._outbox)
        self._outbox.clear()
        self._pending = 0
        return data

    def call(self, call_type: CallType, name: Sequence[str], args: bytes) -> int:
        """Call a method of the peer with a JSON array of arguments; gives the number of the call.

        Raises:
            ClosedError: the connection is over, or we have said goodbye.
        """
        if self.closed or self._said_goodbye:
            raise ClosedError("parent stream is closing")
        self._made += 1
        opening = b'{"name":%b,"args":%b' % (_json(list(name)), args)
        if call_type == "async":
            self._put(JSON, self._made, opening + b"}")
        else:
            self._put(JSON | STREAM, self._made, opening + b',"type":"%b"}' % call_type.encode())
        self._calls.add(Call(-self._made, call_type))
        return -self._made

    def reply(self, number: int, body: bytes = NO_VALUE, body_type: int = JSON) -> None:
        """Answer an async call of the peer."""
        call = self._calls.open.get(number)
        if call is None or call.type != "async" or number < 0:
            return
        if not body:  # an empty packet would be a goodbye
            body, body_type = b'""', JSON
        self._put(body_type, -number, body)
        self._calls.forget(call)

    def send(self, number: int, bodies: Sequence[bytes], types: bytes | None = None) -> bool:
        """Send items, all JSON unless `types` has one byte a body; says whether the call still takes any.

        A body without bytes is left out (an empty packet would be a goodbye), an empty text goes as JSON. When
        more waits than `MAX_PENDING_BYTES`, the call fails.
        """
        call = self._calls.open.get(number)
        if call is None or not call.writes or self._said_goodbye:
            return False
        if self._pending > MAX_PENDING_BYTES:
            reason = f"more than {MAX_PENDING_BYTES} bytes wait for a slow reader"
            self.refusals.append(reason)
            self.fail(number, reason)
            return False
        out = self._outbox
        req = -number
        for n, body in enumerate(bodies):
            kind = JSON if types is None else types[n]
            if body:
                out += (_pack_header(kind | STREAM, len(body), req), body)
                self._pending += len(body) + 9
            elif kind == STRING:
                self._put(JSON | STREAM, req, b'""')
        return True

    def end(self, number: int) -> None:
        """End our direction well: of a source or sink this is the whole call (a source of ours is aborted).

        An async call of the peer gets no value, one of ours is given up.
        """
        call = self._calls.open.get(number)
        if call is None or not call.ours_open:
            return
        if call.type == "async":
            if number > 0:
                self.reply(number)
            else:
                self._calls.forget(call)
            return
        self._put_end(call, None)
        if not call.theirs_open or (call.type == "source" and number < 0):
            self._calls.forget(call)
        elif number > 0 and call.type != "duplex":
            self._calls.forget(call)
            self._calls.linger(number)

    def fail(
        self, number: int, message: str, name: str = "Error", stack: str | None = None
    ) -> None:
        """End a call with an error, in both directions."""
        call = self._calls.open.get(number)
        if call is None:
            return
        self._calls.forget(call)
        failure = Failure(message, name, stack)
        if call.type == "async":
            if number > 0:
                self._put(JSON | END, -number, failure.encode())
            return
        if call.ours_open:
            self._put_end(call, failure)
        if number > 0 and call.theirs_open:
            self._calls.linger(number)

    def goodbye(self) -> None:
        """Say that we send nothing more; `Closed` comes with the peer's goodbye, or with its hanging up."""
        if not self._said_goodbye:
            self._outbox.append(GOODBYE)
            self._said_goodbye = True

    def _receive_packet(self, flags: int, req: int, body: bytes) -> None:
        call = self._calls.open.get(req)
        if not flags & STREAM:
            if req > 0:
                self._receive_request(flags, req, body)
            elif call is not None and call.type == "async":
                self._receive_answer(call, flags, body)
        elif call is None:
            if req > 0:
                self._receive_opening(flags, req, body)
        elif call.type == "async":
            _refuse_reuse(req)
        elif flags & END:
            self._receive_end(call, flags, body)
        elif call.reads:
            items = Items(req, [body], b"")
            self._events.append(items)
            self._batches[req] = (items, bytearray((flags & _TYPE_MASK,)))

    def _receive_request(self, flags: int, req: int, body: bytes) -> None:
        if req in self._calls.open or req in self._calls.lingering:
            _refuse_reuse(req)
        try:
            self._admit("async", req, read_request(flags, body))
        except RefusedError as error:
            self._note(error)
            self._put(JSON | END, -req, Failure(str(error)).encode())

    def _receive_opening(self, flags: int, req: int, body: bytes) -> None:
        """A stream packet for no open call: a new one, or the remains of an old one."""
        if req in self._calls.lingering:
            if flags & END:
                del self._calls.lingering[req]
            return
        if flags & END:
            self._put_stream_end(req, Failure.decode(flags, body))
            return
        try:
            call_type, opening = read_stream(flags, body)
            self._admit(call_type, req, opening)
        except RefusedError as error:
            self._note(error)
            self._put_stream_end(req, Failure(str(error)))
            self._calls.linger(req)

    def _admit(self, call_type: CallType, req: int, opening: Opening) -> None:
        if self._calls.full:
            raise RefusedError(f"too many calls at once, {MAX_OPEN_CALLS} are allowed")
        self._calls.add(Call(req, call_type))
        self._events.append(Request(req, call_type, *opening))

    def _note(self, error: RefusedError) -> None:
        """Keeps what is wrong, without what the peer wrote."""
        self.refusals.append(str(error).partition(":")[0])

    def _receive_answer(self, call: Call, flags: int, body: bytes) -> None:
        self._calls.forget(call)
        if flags & END:
            failure = Failure.decode(flags, body) or Failure("the peer ended the call")
            self._events.append(Ended(call.number, failure))
        else:
            self._events.append(Value(call.number, body, flags & _TYPE_MASK))

    def _receive_end(self, call: Call, flags: int, body: bytes) -> None:
        failure = Failure.decode(flags, body)
        if not call.theirs_open:
            return
        self._complete_batch(call.number)
        self._events.append(Ended(call.number, failure))
        call.theirs_open = False
        if call.ours_open and (failure is not None or call.ends_as_one):
            self._put_end(call, failure)
        if not call.ours_open:
            self._calls.forget(call)

    def _complete_batch(self, number: int) -> None:
        batch = self._batches.pop(number, None)
        if batch is not None:
            items, types = batch
            items.types = bytes(types)

    def _close(self, reason: str | None) -> None:
        failure = Failure(reason or _LOST)
        self._events += [Ended(number, failure) for number in self._calls.open]
        self._calls = Calls()
        self.goodbye()
        self.closed = True
        self._events.append(Closed(reason))

    def _put_end(self, call: Call, failure: Failure | None) -> None:
        call.ours_open = False
        self._put_stream_end(call.number, failure)

    def _put_stream_end(self, number: int, failure: Failure | None) -> None:
        body = _TRUE if failure is None else failure.encode()
        self._put(JSON | STREAM | END, -number, body)

    def _put(self, flags: int, req: int, body: bytes) -> None:
        if not self._said_goodbye:
            self._outbox += (_pack_header(flags, len(body), req), body)
            self._pending += len(body) + 9


def _refuse_reuse(req: int) -> NoReturn:
    raise PacketError(f"call number {req} is used for two calls")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
