"""ZeroMQ sockets drained from the event loop, without zmq.asyncio.

The one module that knows ZeroMQ's edge-triggered descriptor: it becomes readable when something
*changed*, and any send or receive may swallow that sign. So a turn receives until there is
nothing, and a send outside of a turn is followed by one. Must never know what a message means.
`calling` and `serving` own one mailbox each, and one more for the monitor of its connections.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from typing import cast

import zmq
from zmq.utils.monitor import parse_monitor_message

MAX_TURN = 256  # messages in one turn of the loop: others want to run as well
MAX_FRAME = 16 * 1024 * 1024 + 64 * 1024  # no frame of the protocol is larger

FAILED_KEY = zmq.EVENT_HANDSHAKE_FAILED_AUTH
FAILED_OTHERWISE = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
# Plain ints: the flags' own `&` and `|` cost a microsecond each.
READABLE = int(zmq.POLLIN)
_NOW, _NOW_AND_MORE = int(zmq.NOBLOCK), int(zmq.NOBLOCK | zmq.SNDMORE)

Socket = zmq.Socket[bytes]
_watches = count(1)


def open_socket(context: zmq.Context[Socket], kind: int) -> Socket:
    """Make a ROUTER or DEALER with the options of docs/bus.md, section 1."""
    socket = context.socket(kind)
    socket.linger = 0
    socket.sndhwm = 0
    socket.rcvhwm = 0
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME)
    if kind == zmq.ROUTER:
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    else:
        socket.setsockopt(zmq.IMMEDIATE, 1)
        socket.setsockopt(zmq.RECONNECT_IVL, 20)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
    return socket


class Mailbox:
    """A socket whose messages are handed to `receive`, in the turns of the running loop."""

    def __init__(self, socket: Socket, receive: Callable[[list[bytes]], None]) -> None:
        self._socket = socket
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._fd = cast("int", socket.getsockopt(zmq.FD))
        self._turn_due = False
        self._in_turn = False
        self.closed = False
        self._loop.add_reader(self._fd, self._turn)
        self._want_turn()

    def send(self, frames: Sequence[bytes]) -> bool:
        """Send a message now; False when there is nobody to send it to."""
        socket = self._socket
        try:
            for frame in frames[:-1]:
                socket.send(frame, _NOW_AND_MORE)
            socket.send(frames[-1], _NOW)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.ENOTSOCK):
                raise
            return False
        if not self._in_turn:
            self._want_turn()
        return True

    def drain(self) -> None:
        """Receive all that is there, beyond the bound of a turn: the connection has ended."""
        self._receive_some(None)

    def close(self, linger_ms: int = 0) -> None:
        """Close the socket; what was sent gets `linger_ms` to leave."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._fd)
        self._socket.close(linger_ms)

    def _want_turn(self) -> None:
        if not self._turn_due and not self.closed:
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        self._receive_some(MAX_TURN)

    def _receive_some(self, limit: int | None) -> None:
        if self._in_turn or self.closed:
            return
        self._in_turn = True
        ended = False
        try:
            ended = self._receive_until(limit)
        except zmq.ContextTerminated:
            self.close()  # the process is ending around us: turning on would never end
        finally:
            self._in_turn = False
            if not ended:
                self._want_turn()

    def _receive_until(self, limit: int | None) -> bool:
        socket, n = self._socket, 0
        while not self.closed and cast("int", socket.getsockopt(zmq.EVENTS)) & READABLE:
            if n == limit:
                return False
            self._receive(socket.recv_multipart(_NOW))
            n += 1
        return True


class Watch:
    """The monitor of a socket: tells `event` of each connection made (True) and lost (False).

    With `refused` it counts there the handshakes that failed: `key` for one that was turned away,
    `handshake` for one that made no sense, as with a wrong server key or none.
    """

    def __init__(
        self,
        socket: Socket,
        event: Callable[[bool], None],
        refused: Counter[str] | None = None,
    ) -> None:
        self._watched = socket
        self._event = event
        self._refused = refused
        monitor = socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED
            | zmq.EVENT_DISCONNECTED
            | (0 if refused is None else FAILED_KEY | FAILED_OTHERWISE),
            f"inproc://watch-{next(_watches)}",
        )
        self._mailbox = Mailbox(monitor, self._read)

    def close(self) -> None:
        """Stop watching; before the watched socket is closed."""
        if not self._mailbox.closed:
            self._watched.disable_monitor()
            self._mailbox.close()

    def _read(self, frames: list[bytes]) -> None:
        event = parse_monitor_message(frames)["event"]
        if self._refused is not None and event & (FAILED_KEY | FAILED_OTHERWISE):
            self._refused["key" if event == FAILED_KEY else "handshake"] += 1
            return
        self._event(event == zmq.EVENT_HANDSHAKE_SUCCEEDED)
