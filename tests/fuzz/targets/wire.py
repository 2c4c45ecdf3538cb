"""What a stranger can send over one connection: handshake, box stream, packets, muxrpc."""

from common.crypto import sodium
from common.feed.json import parse
from common.wire import packets
from common.wire.boxstream import Opener, Sealer
from common.wire.errors import HandshakeError, PacketError
from common.wire.events import CallType, Closed, Ended, Event, Items, Request, Value
from common.wire.handshake import Client, Server
from common.wire.packets import MAX_PACKET_BYTES, Reader
from common.wire.session import Session
from tests.fuzz import seeds
from tests.fuzz.registry import Target
from tests.fuzz.source import Source

_APP = bytes(range(32))
_CLIENT = sodium.keypair(b"c" * 32)
_SERVER = sodium.keypair(b"s" * 32)
_KEY = bytes(range(32))
_NONCE = bytes(23) + b"\xff"
_TYPES: tuple[CallType, ...] = ("async", "source", "sink", "duplex")
# An error repeats up to a kilobyte of what it is about, twice, each byte escaped as six.
_MAX_ECHO = 32


def _client() -> Client:
    return Client(_APP, *_CLIENT, _SERVER[0], b"e" * 32)


def _server() -> Server:
    return Server(_APP, *_SERVER, b"f" * 32)


def run_handshake_raw(data: bytes) -> None:
    """Both roles against bytes that nobody thought of; nobody may get in."""
    source = Source(data)
    role: Client | Server = _server() if source.number() % 2 else _client()
    try:
        for piece in source.pieces(source.rest()):
            role.receive_data(piece)
        role.receive_eof()
    finally:
        assert role.outcome is None


def run_handshake_edited(data: bytes) -> None:
    """A whole handshake in which each message may be changed on its way."""
    source = Source(data)
    client, server = _client(), _server()
    # Of what each side hears; what comes behind its last message is the box stream's.
    spoilt = {server: False, client: False}
    for step in range(4):
        pair: tuple[Client | Server, Client | Server] = (client, server)
        sender, receiver = reversed(pair) if step % 2 else pair
        message = sender.data_to_send()
        edited = source.edited(message)
        spoilt[receiver] |= (edited if step < 2 else edited[: len(message)]) != message
        try:
            for piece in source.pieces(edited):
                receiver.receive_data(piece)
            if len(edited) < len(message):
                receiver.receive_eof()
        except HandshakeError:
            assert any(spoilt.values())
            raise
        if step == 2:
            assert (server.client is None) == spoilt[server]
            server.accept()
    assert client.outcome is not None
    assert not any(spoilt.values())


def run_boxstream(data: bytes) -> None:
    """A box stream that is changed on its way: what comes out is what was put in, or the beginning of it."""
    source = Source(data)
    raw = source.number() % 2
    plain = b"\x07" * source.number(2)
    sealer = Sealer(_KEY, _NONCE)
    sealed = sealer.seal(plain) + sealer.goodbye()
    wire = source.rest() if raw else source.edited(sealed)
    opener = Opener(_KEY, _NONCE)
    bodies = [body for piece in source.pieces(wire) for body in opener.feed(piece)]
    opener.receive_eof()
    assert plain.startswith(b"".join(bodies))
    assert opener.end != "ok" or b"".join(bodies) == plain


def run_packets(data: bytes) -> None:
    """Pieces change nothing, and what was read can be written again."""
    source = Source(data)
    whole, pieces = Reader(), Reader()
    sizes = source.take(4)
    wire = source.rest()
    found = whole.feed(wire)
    again = [p for piece in Source(sizes).pieces(wire) for p in pieces.feed(piece)]
    whole.receive_eof()
    pieces.receive_eof()
    assert found == again
    assert whole.end == pieces.end
    assert wire.startswith(b"".join(packets.encode(*packet) for packet in found))


def run_packet_body(data: bytes) -> None:
    source = Source(data)
    flags = source.number()
    packets.text_of(packets.decode_body(flags, source.rest()))


def _sessions_calls(session: Session) -> None:
    for call_type in _TYPES:
        session.call(call_type, ("a", "b"), b"[]")
    session.data_to_send()


def _flat(events: list[Event]) -> list[object]:
    flat: list[object] = []
    for event in events:
        if isinstance(event, Items):
            assert len(event.bodies) == len(event.types)
            flat += [(event.call, *item) for item in zip(event.bodies, event.types, strict=True)]
        elif isinstance(event, Request):
            assert isinstance(parse(event.args), list)
            flat.append(event)
        else:
            assert isinstance(event, Value | Ended | Closed)
            flat.append(event)
    return flat


def run_session(data: bytes) -> None:
    """A muxrpc session under any plaintext, whole and in pieces: the same is heard and said."""
    source = Source(data)
    sizes = source.take(4)
    wire = source.rest()
    heard: list[list[object]] = []
    said: list[bytes] = []
    for parts in ([wire], Source(sizes).pieces(wire)):
        session = Session()
        _sessions_calls(session)
        events = [event for part in parts for event in _flat(session.receive_data(part))]
        out = session.data_to_send()
        assert len(out) <= 1024 + _MAX_ECHO * len(wire)
        heard.append(events + _flat(session.receive_eof()))
        said.append(out)
        assert session.closed
        assert not session.receive_data(wire)
    # Across calls the order of items in one reading is open, within one it is not.
    assert sorted(map(repr, heard[0])) == sorted(map(repr, heard[1]))
    assert said[0] == said[1]
    _assert_readable(said[0])


_BODIES = (
    b"true",
    b'{"name":["a"],"args":[]}',
    b'{"name":["a","b"],"args":[{"x":1}],"type":"source"}',
    b'{"name":"a","args":[1],"type":"sink"}',
    b'{"args":[],"name":["\\ud800"],"type":"duplex"}',
    b'{"name":["a"],"args":{},"type":"duplex"}',
    b'{"message":"m","name":"n","stack":"s"}',
    b"",
    b"[",
    b"0",
)
_FLAGS = (2, 10, 14, 6, 0, 1, 3, 8, 9, 12, 13, 255)
_NUMBERS = (1, 2, 3, -1, -2, -3, -4, 0, 2**31 - 1, -(2**31))


def run_session_frames(data: bytes) -> None:
    """A peer that knows packets and breaks every rule above them, and an owner that answers at random."""
    source = Source(data)
    session = Session()
    _sessions_calls(session)
    received = 256
    numbers = [-1, -2, -3, -4]
    out = b""
    while source and not session.closed:
        frame = b""
        for _ in range(1 + source.number() % 4):
            body = source.edited(source.pick(_BODIES))
            frame += packets.encode(source.pick(_FLAGS), source.pick(_NUMBERS), body)
        received += len(frame)
        events = session.receive_data(frame)
        numbers += [event.call for event in events if isinstance(event, Request)]
        _flat(events)
        _command(session, source, source.pick(numbers))
        out += session.data_to_send()
    assert len(out) <= 1024 + _MAX_ECHO * received
    _flat(session.receive_eof())
    assert not session.receive_eof()
    _assert_readable(out + session.data_to_send())


def _command(session: Session, source: Source, number: int) -> None:
    match source.number() % 6:
        case 0:
            session.reply(number, source.take(2), source.number() % 3)
        case 1:
            session.send(number, [source.take(3), b""], bytes((source.number() % 3, 1)))
        case 2:
            session.end(number)
        case 3:
            session.fail(number, "no")
        case 4 if not source.number():
            session.goodbye()
        case _:
            pass


def _assert_readable(out: bytes) -> None:
    reader = Reader()
    reader.feed(out)
    assert not reader.end
    reader.receive_eof()
    assert reader.end in ("", "the peer hung up")


def _wire_seeds() -> list[bytes]:
    return [
        bytes(4) + seed
        for seed in [
            *seeds.hexes("muxrpc/generated-conversations", "client_bytes_hex"),
            *seeds.hexes("packet-stream/generated-packets", "hex"),
        ]
    ]


def _body_seeds() -> list[bytes]:
    return [b"\2" + text for text in seeds.texts("legacy-json/generated-canonical-json", "input")]


def _handshake_seeds() -> list[bytes]:
    hello = _client().data_to_send()
    return [bytes((role, 0)) + hello for role in (0, 1)]


_FRAME_TOKENS = (
    bytes(9),
    b"\x02\0\0\0\x02\0\0\0\x01{}",
    b"\x0a\0\0\0\x01\0\0\0\x010",
    b"\x0e\0\0\0\x04\0\0\0\x01true",
    b"\x02" + MAX_PACKET_BYTES.to_bytes(4),
    b"\xff",
)

TARGETS = {
    "handshake_raw": Target(run_handshake_raw, _handshake_seeds, (HandshakeError,)),
    "handshake_edited": Target(
        run_handshake_edited,
        lambda: [b"", bytes(40), b"\0\x0a\x14\0\0\x20", b"\1\0\2\1\2", b"\0\0\0\0\2\0\1\7"],
        (HandshakeError,),
    ),
    "boxstream": Target(
        run_boxstream, lambda: [b"\0\0\x64", b"\0\x7f\xff\2\0\1\2", b"\1", b"\0\x20\0\0\1\2\3"]
    ),
    "packets": Target(run_packets, _wire_seeds, tokens=_FRAME_TOKENS),
    "packet_body": Target(
        run_packet_body, _body_seeds, (PacketError,), (b"[", b'{"":', b"1", b"\xff", b'"')
    ),
    "session": Target(run_session, _wire_seeds, tokens=_FRAME_TOKENS),
    "session_frames": Target(
        run_session_frames,
        lambda: [bytes(range(256)), bytes(range(255, -1, -1)), b"\3\0\2\1\0\4" * 40],
        tokens=(b"\0\0\1\0\0\0", b"\0\2\1\0", b"\1"),
        max_bytes=8192,
    ),
}
