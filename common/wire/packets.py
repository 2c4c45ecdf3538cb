"""Packets: how muxrpc's messages lie one behind the other inside the box stream.

Knows the header (`flags` u8, length u32, `req` i32, big-endian) and the nine zero bytes of the goodbye, as
`packet-stream-codec` 1.2.0 writes them. Must never know what a body says: only `decode_body` looks inside,
for who must. Called by `session`.
"""

import json
from struct import Struct

from common.wire.errors import PacketError
from common.wire.pieces import Pieces

__all__ = [
    "BUFFER",
    "END",
    "GOODBYE",
    "JSON",
    "MAX_PACKET_BYTES",
    "STREAM",
    "STRING",
    "Packet",
    "Reader",
    "decode_body",
    "encode",
    "text_of",
]

BUFFER, STRING, JSON = 0, 1, 2
END = 4
STREAM = 8
GOODBYE = bytes(9)
# The largest honest packets are vector clocks of EBT, some 60 bytes a feed: room for 130,000 feeds.
MAX_PACKET_BYTES = 8 * 1024 * 1024

_HEADER = Struct(">BIi")
_TYPE_MASK = 3

# flags, req, body
Packet = tuple[int, int, bytes]


def encode(flags: int, req: int, body: bytes) -> bytes:
    """One packet; a body without bytes would be read as a goodbye, so the caller must not send one."""
    return _HEADER.pack(flags, len(body), req) + body


class Reader:
    """Cuts a stream of bytes into packets.

    `end` is None while it runs, then "" after a goodbye, and else the reason why nothing more can be read.
    """

    def __init__(self) -> None:
        self._pieces = Pieces()
        self.end: str | None = None

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that these bytes complete, in order; what comes behind the end is dropped."""
        packets: list[Packet] = []
        if self.end is not None or (joined := self._pieces.join(data)) is None:
            return packets
        unpack = _HEADER.unpack_from
        at, size, wanted = 0, len(joined), _HEADER.size
        while size - at >= _HEADER.size:
            flags, length, req = unpack(joined, at)
            start = at + 9
            wanted = 9 + length
            if size - at < wanted and length <= MAX_PACKET_BYTES:
                break
            if length == 0 or length > MAX_PACKET_BYTES or flags & _TYPE_MASK == _TYPE_MASK:
                self.end = _fault(length)
                return packets
            at = start + length
            packets.append((flags, req, joined[start:at]))
            wanted = 9
        self._pieces.keep(joined[at:], wanted)
        return packets

    @property
    def held(self) -> int:
        """Bytes of a packet that is not complete."""
        return len(self._pieces)

    def receive_eof(self) -> None:
        """Take the end of the bytes; without a goodbye, it is a hang-up."""
        if self.end is None:
            self.end = "the peer hung up within a packet" if self._pieces else "the peer hung up"


def _fault(length: int) -> str:
    if length == 0:
        return ""
    if length > MAX_PACKET_BYTES:
        return f"packet of {length} bytes, {MAX_PACKET_BYTES} are allowed"
    return "packet of an unknown type"


def decode_body(flags: int, body: bytes) -> object:
    """The value in a body by the type in `flags`: bytes, str, or what its JSON says.

    Bytes that are no UTF-8 are replaced, as in Node.

    Raises:
        PacketError: the body is no JSON.
    """
    kind = flags & _TYPE_MASK
    if kind == BUFFER:
        return body
    text = body.decode("utf-8", "replace")
    if kind == STRING:
        return text
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise PacketError(f"packet is no JSON: {error}") from None


def text_of(value: object) -> str:
    """A decoded value as text, the way JavaScript writes it (but for what is inside of lists)."""
    match value:
        case str():
            return value
        case bytes():
            return value.decode("utf-8", "replace")
        case dict():
            return "[object Object]"
        case list():
            return "[object Array]"
        case _:
            return json.dumps(value)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
