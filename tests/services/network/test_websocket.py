"""A byte stream in WebSocket frames, with the library's other side, and with people who break it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.server import ServerProtocol
from websockets.uri import WebSocketURI

from common.wire.errors import WireError
from services.network.websocket import (
    MAX_FRAME_BYTES,
    MAX_FRAMES_A_STEP,
    MAX_HEAD_BYTES,
    SENT_BYTES,
    STEP_BYTES,
    Accepting,
    Asking,
    Frames,
)
from tests.support.network_world import UPGRADE

URI = WebSocketURI(
    secure=False, host="::1", port=8989, path="/", query="", username=None, password=None
)


def frame(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


def met() -> tuple[Frames, Frames]:
    """Both sides of ours, after the upgrade: who asked, who accepted."""
    asking, accepting = Asking(URI), Accepting()
    accepting.receive_data(asking.data_to_send())
    asking.receive_data(accepting.data_to_send())
    assert asking.is_over
    assert accepting.is_over
    assert asking.framing is not None
    assert accepting.framing is not None
    return asking.framing, accepting.framing


def server() -> Frames:
    return met()[1]


@given(st.lists(st.binary(max_size=300), max_size=10), st.integers(1, 50))
def test_what_goes_in_comes_out(pieces: list[bytes], size: int) -> None:
    for writer, reader in (met(), met()[::-1]):
        sent = b"".join(writer.wrap(piece) for piece in pieces)
        came = b"".join(reader.unwrap(sent[i : i + size]) for i in range(0, len(sent), size))
        assert came == b"".join(pieces)
        assert reader.end is None
        assert reader.held == 0


def test_our_frames_are_of_limited_size() -> None:
    asking, accepting = met()
    data = bytes(range(256)) * 1000
    sent = accepting.wrap(data)
    assert sent[1] == 127
    assert int.from_bytes(sent[2:10], "big") == SENT_BYTES
    assert asking.unwrap(sent) == data


def test_any_origin_and_path_is_accepted_in_pieces() -> None:
    machine = Accepting()
    for byte in UPGRADE[:-1]:
        machine.receive_data(bytes([byte]))
        assert not machine.is_over
    machine.receive_data(UPGRADE[-1:])
    assert machine.is_over
    assert machine.data_to_send().startswith(b"HTTP/1.1 101 ")


def test_frames_that_came_with_the_head_are_not_lost() -> None:
    machine = Accepting()
    machine.receive_data(UPGRADE + frame(Opcode.BINARY, b"early") + frame(Opcode.BINARY, b" bird"))
    assert machine.framing is not None
    assert machine.framing.begin() == b"early bird"
    assert machine.framing.begin() == b""
    asking = Asking(URI)
    other = ServerProtocol()
    other.receive_data(asking.data_to_send())
    (request,) = other.events_received()
    other.send_response(other.accept(request))  # type: ignore[arg-type]
    other.send_binary(b"first")
    asking.receive_data(b"".join(other.data_to_send()))
    assert asking.framing is not None
    assert asking.framing.begin() == b"first"


@pytest.mark.parametrize("size", [1, 3, 4096])
def test_what_comes_behind_the_head_is_not_read_before_it(size: int) -> None:
    for head, good in ((UPGRADE, True), (UPGRADE.replace(b"13", b"7"), False)):
        machine, data = Accepting(), head + b"\xff" * 20
        try:
            for start in range(0, len(data), size):
                machine.receive_data(data[start : start + size])
                if machine.is_over:
                    break
        except WireError:
            assert not good
        else:
            assert good
            assert machine.framing is not None
            machine.framing.begin()
            machine.framing.unwrap(b"\xff" * 20)
            assert machine.framing.end == "websocket: a malformed frame"


def test_a_message_in_fragments_is_one_stream_whatever_its_size() -> None:
    reader = server()
    part = b"x" * MAX_FRAME_BYTES
    assert reader.unwrap(frame(Opcode.BINARY, part, fin=False)) == part
    assert reader.unwrap(frame(Opcode.CONT, part, fin=False)) == part
    assert reader.unwrap(frame(Opcode.PING, b"there?")) == b""
    assert frame(Opcode.PONG, b"there?", mask=False) in reader.answer()
    assert reader.unwrap(frame(Opcode.CONT, b"end")) == b"end"
    assert reader.end is None


def test_an_incomplete_frame_is_held() -> None:
    reader = server()
    assert reader.unwrap(frame(Opcode.BINARY, b"x" * 1000)[:500]) == b""
    assert 400 < reader.held < 500


@pytest.mark.parametrize(
    ("bytes_", "end"),
    [
        (frame(Opcode.BINARY, b"x" * (MAX_FRAME_BYTES + 1))[:20], "a frame is too large"),
        (frame(Opcode.TEXT, b"hello"), "a text frame"),
        (frame(Opcode.CONT, b"of nothing"), "a malformed frame"),
        (frame(Opcode.BINARY, b"unmasked", mask=False), "a malformed frame"),
        (b"\xff\xff\xff\xff", "a malformed frame"),
    ],
    ids=lambda value: value if isinstance(value, str) else "frame",  # masks are random
)
def test_what_breaks_the_protocol_ends_it(bytes_: bytes, end: str) -> None:
    reader = server()
    assert reader.unwrap(bytes_) == b""
    assert reader.end == f"websocket: {end}"
    assert reader.answer()
    assert reader.wrap(b"more") == reader.goodbye() == b""


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.CONT])
def test_a_flood_of_small_frames_ends_it(opcode: Opcode) -> None:
    reader = server()
    reader.unwrap(frame(Opcode.BINARY, b"", fin=False))
    few = frame(opcode, b"x", fin=opcode is Opcode.PING) * (MAX_FRAMES_A_STEP // 2)
    reader.unwrap(few)
    reader.answer()
    ends = [reader.end]
    reader.unwrap(few * 50)
    assert [*ends, reader.end] == [None, "websocket: too many small frames"]
    assert len(reader.answer()) < 2 * STEP_BYTES


def test_a_goodbye_is_answered_and_ends_it() -> None:
    asking, accepting = met()
    said = asking.goodbye()
    assert asking.wrap(b"after that") == b""
    assert accepting.unwrap(accepting.wrap(b"") + said) == b""
    assert accepting.end == "hung up"
    assert accepting.answer()


@pytest.mark.parametrize(
    "head",
    [
        b"\x00" * 64 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        UPGRADE.replace(b"13", b"8"),
        UPGRADE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"),
        UPGRADE.replace(b"GET", b"POST"),
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
def test_bad_requests_are_refused(head: bytes) -> None:
    machine = Accepting()
    with pytest.raises(WireError, match="not a valid request"):
        machine.receive_data(head)
    assert not machine.data_to_send().startswith(b"HTTP/1.1 101")


def test_a_head_has_a_limit_on_both_sides() -> None:
    line = b"X: " + b"y" * (MAX_HEAD_BYTES // 3) + b"\r\n"
    for machine, first in (
        (Accepting(), b"GET / HTTP/1.1\r\n"),
        (Asking(URI), b"HTTP/1.1 101 x\r\n"),
    ):
        machine.receive_data(first + line)
        with pytest.raises(WireError, match="too many bytes"):
            machine.receive_data(line * 2)


def test_plain_http_is_left_to_others() -> None:
    machine = Accepting()
    machine.receive_data(b"HEAD /blobs/get/x HTTP/1.0\r\n\r\n")
    assert machine.is_over
    assert machine.framing is None
    assert machine.request is not None
    assert (machine.request.method, machine.request.path) == ("HEAD", "/blobs/get/x")


def test_a_server_that_does_not_agree_is_none() -> None:
    for answer in (
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        b"220 smtp ready\r\n\r\n",
    ):
        machine = Asking(URI)
        assert machine.data_to_send().startswith(b"GET / HTTP/1.1\r\nHost: [::1]:8989\r\n")
        with pytest.raises(WireError, match="did not agree"):
            machine.receive_data(answer)


def test_the_other_side_of_the_library_understands_ours() -> None:
    other = ClientProtocol(URI)
    other.send_request(other.connect())
    machine = Accepting()
    machine.receive_data(b"".join(other.data_to_send()))
    other.receive_data(machine.data_to_send())
    other.events_received()
    assert machine.framing is not None
    other.receive_data(machine.framing.wrap(b"\x00\xff") + machine.framing.goodbye())
    data, close = other.events_received()
    assert isinstance(data, Frame)
    assert data.data == b"\x00\xff"
    assert isinstance(close, Frame)
    assert close.opcode is Opcode.CLOSE
    assert other.close_rcvd is not None
    assert other.close_rcvd.code == CloseCode.NORMAL_CLOSURE
