"""What arrives on the port of WebSockets, and from a server that we asked for one."""

from websockets.frames import Frame, Opcode
from websockets.uri import WebSocketURI

from common.wire.errors import WireError
from services.network.websocket import MAX_FRAME_BYTES, Accepting, Asking, Frames
from tests.fuzz.registry import Target
from tests.fuzz.source import Source
from tests.support.network_world import UPGRADE

_URI = WebSocketURI(
    secure=False, host="a.b", port=1, path="/", query="", username=None, password=None
)


def run_head(data: bytes) -> None:
    """A request or a response, and what may follow it."""
    source = Source(data)
    machine: Accepting | Asking = Asking(_URI) if source.number() % 2 else Accepting()
    for piece in source.pieces(source.rest()):
        machine.receive_data(piece)
        if machine.is_over:
            break
    if machine.framing is not None:
        machine.framing.begin()
        assert machine.framing.held <= MAX_FRAME_BYTES + 14


def run_frames(data: bytes) -> None:
    """Frames of a client after a good request; what they carry is never more than they are."""
    machine = Accepting()
    machine.receive_data(UPGRADE)
    machine.data_to_send()
    framing = machine.framing
    assert isinstance(framing, Frames)
    source = Source(data)
    carried = 0
    for piece in source.pieces(source.rest()):
        carried += len(framing.unwrap(piece))
        framing.answer()
        if framing.end is not None:
            break
    assert carried <= len(data)
    framing.wrap(b"x")
    framing.goodbye()


def _heads() -> list[bytes]:
    response = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )
    return [b"\0\0" + UPGRADE, b"\1\0" + response, b"\0\0GET / HTTP/1.0\r\n\r\n"]


def _frames() -> list[bytes]:
    kinds = (Opcode.BINARY, Opcode.CONT, Opcode.TEXT, Opcode.PING, Opcode.CLOSE)
    return [
        b"\0" + Frame(kind, b"\x03\xe8abc", fin).serialize(mask=True)
        for kind in kinds
        for fin in ((True, False) if kind < Opcode.CLOSE else (True,))
    ]


TARGETS = {
    "websocket_head": Target(run_head, _heads, (WireError,), (b"\r\n", b"Upgrade: ", b": ")),
    "websocket_frames": Target(run_frames, _frames, tokens=(b"\x82\xff", b"\x02", b"\x80")),
}
