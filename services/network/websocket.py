"""The WebSocket protocol as far as a byte stream needs it: opened from either side, then frames both ways.

Knows HTTP's upgrade and frames, through the sans-IO core of `websockets`. Must never know sockets, or what the
bytes mean: a stream may be cut into frames and messages in any way. As in the reference nobody looks at the
origin or the path, and nothing is compressed.
"""

import logging
from collections.abc import Sequence

from websockets.client import ClientProtocol
from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import Event, Protocol, State
from websockets.server import ServerProtocol
from websockets.uri import WebSocketURI

from common.wire.errors import WireError

__all__ = ["MAX_FRAME_BYTES", "MAX_HEAD_BYTES", "Accepting", "Asking", "Frames"]

MAX_HEAD_BYTES = 16 * 1024
"""Of a request or response before the frames: twice what browsers and proxies are known to send."""

MAX_FRAME_BYTES = 1024 * 1024
"""Of one frame, which is held until it is whole: fifteen of the largest boxes; the reference sends one in each."""

STEP_BYTES = 16 * 1024
"""Taken apart at a time."""

MAX_FRAMES_A_STEP = 1024
"""Each costs us time, whatever it carries: a box has 34 bytes at least, and who sends less than 16 a frame wants that."""

SENT_BYTES = 64 * 1024
"""Of one frame of ours: many readers hold a whole one before they pass it on."""

HEAD_END = b"\r\n\r\n"

_SILENT = logging.getLogger(f"{__name__}.library")
_SILENT.disabled = True  # what strangers send is counted, not logged


class Frames:
    """The stream after the upgrade."""

    def __init__(self, protocol: Protocol, come: Sequence[Event] = ()) -> None:
        self._protocol = protocol
        self._come = come
        self.end: str | None = None

    @property
    def held(self) -> int:
        """Bytes that wait for their frame to be complete."""
        return len(self._protocol.reader.buffer)

    def unwrap(self, data: bytes) -> bytes:
        """What the frames carry, of the bytes read from the socket."""
        parts: list[bytes] = []
        for start in range(0, len(data), STEP_BYTES):
            self._protocol.receive_data(data[start : start + STEP_BYTES])
            parts.append(self._carried(self._protocol.events_received()))
            if self.end is not None:
                break
        return b"".join(parts)

    def begin(self) -> bytes:
        """What the frames carry that came with the head."""
        come, self._come = self._come, ()
        return self._carried(come)

    def _carried(self, events: Sequence[Event]) -> bytes:
        parts: list[bytes] = []
        if len(events) > MAX_FRAMES_A_STEP:
            self._protocol.fail(CloseCode.POLICY_VIOLATION)
            self.end = "websocket: too many small frames"
            return b""
        for frame in events:
            if not isinstance(frame, Frame):
                continue
            if frame.opcode in (Opcode.BINARY, Opcode.CONT):
                parts.append(bytes(frame.data))
            elif frame.opcode is Opcode.TEXT:
                self._protocol.fail(CloseCode.UNSUPPORTED_DATA)
                self.end = "websocket: a text frame"
                break
            elif frame.opcode is Opcode.CLOSE:
                self.end = "hung up"
        fault = self._protocol.parser_exc
        if fault is not None and self.end is None:
            large = isinstance(fault, PayloadTooBig)
            self.end = f"websocket: {'a frame is too large' if large else 'a malformed frame'}"
        return b"".join(parts)

    def wrap(self, data: bytes) -> bytes:
        """The bytes for the socket, of what we say."""
        if self._protocol.state is not State.OPEN:
            return b""
        for start in range(0, len(data), SENT_BYTES):
            self._protocol.send_binary(data[start : start + SENT_BYTES])
        return self.answer()

    def answer(self) -> bytes:
        """What the protocol itself has to say: pongs, and the reply to a goodbye."""
        return b"".join(self._protocol.data_to_send())

    def goodbye(self) -> bytes:
        """The last bytes for the socket."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
        return self.answer()


class _Opening:
    """What both sides have in common: a head of limited size, then frames."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._received = 0
        self.framing: Frames | None = None

    @property
    def is_over(self) -> bool:
        """Whether what follows is not for us."""
        return self.framing is not None

    def data_to_send(self) -> bytes:
        """What must be sent now; drained by this call."""
        return b"".join(self._protocol.data_to_send())

    def _events(self, data: bytes) -> list[Event]:
        self._received += len(data)
        if self._received > MAX_HEAD_BYTES:
            raise WireError("websocket: too many bytes before the frames")
        self._protocol.receive_data(data)
        return self._protocol.events_received()


class Accepting(_Opening):
    """The side that listens. What is no upgrade is left in `request`, for whoever serves plain HTTP."""

    def __init__(self) -> None:
        self._server = ServerProtocol(max_size=(None, MAX_FRAME_BYTES), logger=_SILENT)
        super().__init__(self._server)
        self._end = b""
        self.request: Request | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is known what the other side wants."""
        return super().is_over or self.request is not None

    def receive_data(self, data: bytes) -> None:
        """Take bytes of the request.

        Raises:
            WireError: it is not HTTP, or a bad attempt at an upgrade.
        """
        head, rest = self._divided(data)
        for event in self._events(head):
            if isinstance(event, Request):
                self._take(event, rest)
        if self._server.handshake_exc is not None:
            raise WireError("websocket: not a valid request")

    def _divided(self, data: bytes) -> tuple[bytes, bytes]:
        """What belongs to the head, and what comes after: the library would take it for frames before it agreed."""
        joined = self._end + data
        end = joined.find(HEAD_END)
        if end < 0:
            self._end = joined[1 - len(HEAD_END) :]
            return data, b""
        size = end + len(HEAD_END) - len(self._end)
        return data[:size], data[size:]

    def _take(self, request: Request, rest: bytes) -> None:
        if not request.headers.get_all("Upgrade"):
            self.request = request
            return
        response = self._server.accept(request)
        self._server.send_response(response)
        if self._server.handshake_exc is None:
            self._server.receive_data(rest)
            self.framing = Frames(self._server, self._server.events_received())


class Asking(_Opening):
    """The side that dials; its first words are there from the start."""

    def __init__(self, uri: WebSocketURI) -> None:
        self._client = ClientProtocol(uri, max_size=(None, MAX_FRAME_BYTES), logger=_SILENT)
        super().__init__(self._client)
        self._client.send_request(self._client.connect())

    def receive_data(self, data: bytes) -> None:
        """Take bytes of the response.

        Raises:
            WireError: it is not one to an upgrade.
        """
        events = self._events(data)
        if self._client.handshake_exc is not None:
            raise WireError("websocket: the server did not agree to an upgrade")
        if self._client.state is State.OPEN:
            self.framing = Frames(self._client, events)
