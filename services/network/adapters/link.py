"""One socket under asyncio: bytes in, bytes out, and the flow of both.

Knows transports, and that some wrap a stream in frames. Must never know what the bytes mean: that is for the
stage it is in (an opening where the transport has one, a handshake, then a conversation). Made by the listeners
and the dialler.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

__all__ = ["CLOSE_SECONDS", "Framing", "Link", "Stage"]

WRITE_HIGH_BYTES = 256 * 1024
"""Above this much unsent data, streams wait: enough to keep a fast socket busy through one turn of the loop."""

MAX_UNSENT_BYTES = 32 * 1024 * 1024
"""Who lets this much pile up (answers cannot wait as streams do) does not read, and is dropped."""

CLOSE_SECONDS = 2.0
"""How long a closing socket may take to send what is left."""

KEEPALIVE_SECONDS = 60
"""After this much silence the system asks whether the other end is still there."""


PROBE_SECONDS = 5
"""How long the other end's system may leave a probe unanswered: a path that drops it is as good as dead."""


class Stage(Protocol):
    """What happens to a link's bytes at the moment."""

    def received(self, data: bytes) -> None:
        """Bytes came from the socket."""

    def lost(self, reason: str) -> None:
        """The socket is gone; called once."""


class Framing(Protocol):
    """How a transport wraps the stream that it carries; TCP does not."""

    @property
    def end(self) -> str | None:
        """None while their direction is open, else why it is not."""
        ...

    @property
    def held(self) -> int:
        """Bytes that wait for their frame to be complete."""
        ...

    def begin(self) -> bytes:
        """What the peer sent before the framing was ours; asked for once."""
        ...

    def unwrap(self, data: bytes) -> bytes:
        """What the peer sent, of the bytes read from the socket."""
        ...

    def wrap(self, data: bytes) -> bytes:
        """The bytes for the socket, of what we send."""
        ...

    def answer(self) -> bytes:
        """What the transport itself has to say to what it has read."""
        ...

    def goodbye(self) -> bytes:
        """The last bytes for the socket."""
        ...


class _Nobody:
    """The stage of a link that nobody has taken yet."""

    def received(self, data: bytes) -> None:
        """Nothing is read by nobody."""

    def lost(self, reason: str) -> None:
        """Nobody cares."""


class Link(asyncio.Protocol):
    """A socket whose bytes go to one stage after the other; `made` is told when it stands."""

    def __init__(self, made: Callable[["Link"], None]) -> None:
        self.stage: Stage = _Nobody()
        self._made = made
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._writable: asyncio.Future[None] | None = None
        self._socket: socket.socket | None = None
        self._killer: asyncio.TimerHandle | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._framing: Framing | None = None
        self._reason: str | None = None
        self._reading = True
        self.gone: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket: no Nagle, quick acknowledgements, keep-alive."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            self._socket = sock
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._keep_alive(KEEPALIVE_SECONDS, KEEPALIVE_SECONDS, 0)
        self._made(self)

    @property
    def remote(self) -> tuple[str, int]:
        """Host and port of the other end; empty and 0 on a unix socket."""
        name = self._transport and self._transport.get_extra_info("peername")
        return (str(name[0]), int(name[1])) if isinstance(name, tuple) and name else ("", 0)

    @property
    def here(self) -> str:
        """Host of our end; empty on a unix socket."""
        name = self._transport and self._transport.get_extra_info("sockname")
        return str(name[0]) if isinstance(name, tuple) and name else ""

    def data_received(self, data: bytes) -> None:
        """Hand on what came, and let the acknowledgement go at once.

        Peers that write in small pieces under Nagle's algorithm wait for it, some 40 ms a piece.
        """
        if self._socket is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if self._reason is None and self._framing is not None:
            self._hand_on(self._framing, self._framing.unwrap(data))
        elif self._reason is None:
            self.stage.received(data)

    def eof_received(self) -> bool:
        """The other end sends no more: nothing is half open here."""
        self.close("hung up")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if self._killer is not None:
            self._killer.cancel()
        self.resume_writing()
        if self._reason is None:
            self._end(f"connection lost: {exc}" if exc else "hung up")
        if not self.gone.done():
            self.gone.set_result(None)

    def pause_writing(self) -> None:
        """The socket is full."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """The socket has room again."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    @property
    def held(self) -> int:
        """Bytes that wait here: for the socket, or for their frame to be complete."""
        unsent = self._transport.get_write_buffer_size() if self._transport is not None else 0
        return unsent + (self._framing.held if self._framing is not None else 0)

    @property
    def is_full(self) -> bool:
        """Whether streams have to wait for `writable`."""
        return self._writable is not None

    async def writable(self) -> None:
        """Wait until the socket has room."""
        while self._writable is not None:
            await asyncio.shield(self._writable)

    def narrow(self, size: int) -> None:
        """Streams have to wait for `writable` above so many unsent bytes."""
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=size)

    async def sent(self) -> None:
        """Wait until everything is with the system, for a link on which nothing more is written."""
        self.narrow(1)  # with 0, TLS waits for less than nothing
        await self.writable()

    def write(self, data: bytes) -> None:
        """Send bytes; a peer that does not read is dropped when too much has piled up."""
        if self._transport is None or self._reason is not None or not data:
            return
        self._put(self._transport, data if self._framing is None else self._framing.wrap(data))

    def read(self, wanted: bool) -> None:
        """Read from the socket, or let it wait."""
        if self._transport is None or wanted == self._reading or self._reason is not None:
            return
        self._reading = wanted
        (self._transport.resume_reading if wanted else self._transport.pause_reading)()

    def wrap(self, framing: Framing, then: Callable[[], None]) -> None:
        """Frame everything from now on; `then` makes the stage that gets what has come already."""
        self._framing = framing
        then()
        self._hand_on(framing, framing.begin())

    def probe(self) -> None:
        """Ask the system whether the other end is still there, and to end the link within seconds if it is not."""
        self._keep_alive(1, 1, PROBE_SECONDS * 1000)
        self._loop.call_later(
            PROBE_SECONDS, self._keep_alive, KEEPALIVE_SECONDS, KEEPALIVE_SECONDS, 0
        )

    def hurry(self, seconds: float) -> None:
        """Close when so many seconds have passed, unless it is told to `relax` before."""
        self.relax()
        self._limit = self._loop.call_later(seconds, self.close, "took too long")

    def relax(self) -> None:
        """There is time."""
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def close(self, reason: str) -> None:
        """End the link: what is written goes out, for a while; the stage hears of it at once."""
        if self._reason is not None:
            return
        self._end(reason)
        if self._transport is not None:
            if self._framing is not None:
                self._transport.write(self._framing.goodbye())
            self._transport.close()
            self._killer = self._loop.call_later(CLOSE_SECONDS, self._transport.abort)

    def abort(self) -> None:
        """End the link at once, whatever is left to send."""
        if self._transport is not None:
            self._transport.abort()

    def _end(self, reason: str) -> None:
        self._reason = reason
        self.relax()
        stage, self.stage = self.stage, _Nobody()
        stage.lost(reason)

    def _hand_on(self, framing: Framing, plain: bytes) -> None:
        if self._transport is not None and (answer := framing.answer()):
            self._put(self._transport, answer)
        if plain:
            self.stage.received(plain)
        if framing.end is not None:
            self.close(framing.end)

    def _put(self, transport: asyncio.Transport, data: bytes) -> None:
        transport.write(data)
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.close("does not read")
            self.abort()

    def _keep_alive(self, idle: int, pause: int, patience_ms: int) -> None:
        """Probe after so many silent seconds and again after each pause; unacknowledged is what lasts that long."""
        if self._socket is None or self._reason is not None:
            return
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, pause)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience_ms)
