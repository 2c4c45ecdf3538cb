"""Calls and answers over lines that are played, and over real sockets."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from common.crypto.keys import generate
from common.runtime import secret, settings
from common.wire.boxstream import Opener, Sealer
from common.wire.events import Request
from common.wire.handshake import Server
from common.wire.session import Session
from services.sbot.call import AnswerError, call
from services.sbot.connection import Unreachable, connect

Answer = Callable[[Session, Request], None]


class PlayedLine:
    """A server at the other end that answers each request as the test says."""

    def __init__(self, answer: Answer) -> None:
        self.session = Session()
        self.requests: list[Request] = []
        self._answer = answer

    def send(self, data: bytes) -> None:
        for event in self.session.receive_data(data):
            if isinstance(event, Request):
                self.requests.append(event)
                self._answer(self.session, event)

    def receive(self) -> bytes:
        return self.session.data_to_send()

    def close(self) -> None:
        raise AssertionError("whoever connects closes")


def shown(kind: str, answer: Answer, *args: object) -> bytes:
    out: list[bytes] = []
    call(PlayedLine(answer), ("a", "b"), kind, list(args), out.append)
    return b"".join(out)


def test_a_value_is_shown_indented() -> None:
    answered = shown("sync", lambda s, r: s.reply(r.call, b'{"a":[1,{}]}'))
    assert answered == b'{\n  "a": [\n    1,\n    {}\n  ]\n}\n'
    assert shown("async", lambda s, r: s.reply(r.call, "ü".encode(), 1)) == '"ü"\n'.encode()


def test_items_are_shown_one_by_one_and_bytes_as_they_are() -> None:
    def answer(session: Session, request: Request) -> None:
        session.send(request.call, [b'{"n":1}', b"\xff\x00", b"2"], types=b"\2\0\2")
        session.end(request.call)

    assert shown("source", answer) == b'{\n  "n": 1\n}\n\n\xff\x002\n\n'


def test_arguments_travel_as_they_were_read() -> None:
    line = PlayedLine(lambda s, r: s.reply(r.call, b"true"))
    call(line, ("gossip", "connect"), "async", ["x", {"limit": 1}], lambda _: None)
    assert line.requests == [
        Request(line.requests[0].call, "async", ("gossip", "connect"), b'["x",{"limit":1}]')
    ]


@pytest.mark.parametrize("kind", ["async", "source"])
def test_an_error_is_the_answers(kind: str) -> None:
    with pytest.raises(AnswerError, match="no such feed"):
        shown(kind, lambda s, r: s.fail(r.call, "no such feed", "TypeError"))


def test_a_hangup_is_an_error() -> None:
    with pytest.raises(AnswerError):
        shown("async", lambda s, _: s.goodbye())
    with pytest.raises(AnswerError):
        shown("async", lambda _s, _r: None)


def test_a_server_that_calls_us_is_refused() -> None:
    def answer(session: Session, request: Request) -> None:
        session.call("async", ["whoami"], b"[]")
        session.reply(request.call, b"1")

    assert shown("async", answer) == b"1\n"


def test_a_sink_reads_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"hello")

    def answer(session: Session, request: Request) -> None:
        session.end(request.call)

    with (tmp_path / "in").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert shown("sink", answer) == b""


def serve_once(listener: socket.socket, talk: Callable[[socket.socket], None]) -> threading.Thread:
    """Talks to the first who comes; when the thread is over nobody listens any more."""

    def run() -> None:
        with listener, listener.accept()[0] as peer:
            talk(peer)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_the_unix_socket_is_tried_first_however_long_its_path(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    listener = socket.socket(socket.AF_UNIX)
    here = os.open(folder, os.O_PATH)
    listener.bind(f"/proc/self/fd/{here}/socket")
    os.close(here)
    listener.listen()
    serve_once(listener, lambda peer: peer.sendall(peer.recv(100)))
    with closing(connect(settings.load(["--path", str(folder)], {}, tmp_path, tmp_path))) as line:
        line.send(b"echo")
        assert line.receive() == b"echo"
        assert line.receive() == b""


def test_the_net_is_reached_with_our_own_key(tmp_path: Path) -> None:
    keys = secret.load_or_create(tmp_path / "secret")
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    argv = ["--path", str(tmp_path), "--host", "127.0.0.1", "--port", str(port)]
    loaded = settings.load(argv, {}, tmp_path, tmp_path)

    def talk(peer: socket.socket) -> None:
        server = Server(loaded.caps_shs, keys.public, keys.secret, os.urandom(32))
        while server.outcome is None:
            server.receive_data(peer.recv(4096))
            if server.client is not None and server.outcome is None:
                server.accept()
            peer.sendall(server.data_to_send())
        outcome = server.outcome
        assert outcome.remote == keys.public
        opener = Opener(outcome.decrypt_key, outcome.decrypt_nonce)
        sealer = Sealer(outcome.encrypt_key, outcome.encrypt_nonce)
        heard = b"".join(opener.feed(server.leftover))
        while not heard:
            heard = b"".join(opener.feed(peer.recv(4096)))
        peer.sendall(sealer.seal(heard * 2))

    serve_once(listener, talk)
    with closing(connect(loaded)) as line:
        line.send(b"echo")
        assert line.receive() == b"echoecho"
        assert line.receive() == b""


def test_a_server_of_another_network_or_none_is_unreachable(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    argv = ["--path", str(tmp_path), "--host", "127.0.0.1", "--port", str(port)]
    loaded = settings.load(argv, {}, tmp_path, tmp_path)
    with pytest.raises(Unreachable, match="no such file"):
        connect(loaded)
    secret.load_or_create(tmp_path / "secret")
    served = serve_once(listener, lambda peer: peer.close())
    with pytest.raises(Unreachable, match=r"phase 1|reset"):
        connect(loaded)
    served.join()
    with pytest.raises(Unreachable, match="refused"):
        connect(loaded)
    other = settings.load([*argv, "--key", "me"], {}, tmp_path, tmp_path)
    with pytest.raises(Unreachable, match="no feed id"):
        connect(other)
    key = generate(bytes(32)).id
    with pytest.raises(Unreachable, match="refused"):
        connect(settings.load([*argv, "--key", key], {}, tmp_path, tmp_path))
