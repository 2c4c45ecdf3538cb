"""Requests of plain HTTP, from the first byte to the head of the answer."""

from base64 import b64encode

from common.refs.ids import blob_id, message_id
from common.wire.errors import WireError
from services.network.http import (
    BlobAsked,
    RefusedError,
    asked,
    blob_answer,
    unboxed_answer,
)
from services.network.media import SNIFFED_BYTES, type_of
from services.network.websocket import Accepting
from tests.fuzz.registry import Target

_SIZE = 1_000
_BLOB, _MESSAGE = blob_id(b"\xfb\xff" * 16), message_id(bytes(32))


def run_request(data: bytes) -> None:
    """A request: refused, or one head, which names bytes of the blob."""
    machine = Accepting()
    machine.receive_data(data)
    if machine.request is None:
        return
    wanted = asked(machine.request)
    if not isinstance(wanted, BlobAsked):
        return
    kind = type_of(data[:SNIFFED_BYTES])
    answer = blob_answer(wanted, _SIZE, kind)
    assert 0 <= answer.span.start <= answer.span.stop <= _SIZE
    for head in (answer.head, unboxed_answer(wanted, kind).head):
        assert head.endswith(b"\r\n\r\n")
        assert head.count(b"\r\n\r\n") == 1
        assert b"text/html" not in head


def _seeds() -> list[bytes]:
    key = b64encode(bytes(32)).decode()
    paths = (
        f"/blobs/get/{_BLOB}",
        f"/blobs/get/{_BLOB}?unbox={key}.boxs&contentType=image/png&filename=a%0d%0ab&gzip=1",
        f"/msg/{_MESSAGE}",
        "/x",
    )
    fields = (
        f'Host: x\r\nRange: bytes=1-2\r\nIf-None-Match: "{_BLOB}"\r\nIf-Range: "{_BLOB}"\r\n\r\n'
    )
    return [f"GET {path} HTTP/1.1\r\n{fields}".encode() for path in paths]


TARGETS = {
    "http_request": Target(
        run_request,
        _seeds,
        (WireError, RefusedError),
        (b"bytes=", b"-", b"%0d%0a", b"?", b"&", b"HEAD "),
    )
}
