"""Plain HTTP, without I/O: what a request asks for, and the heads of answers.

Knows the paths of ssb-ws and multiblob-http, and of Prometheus, ranges, conditions (RFC 9110) and what keeps a browser from running
what a stranger wrote. Must never know sockets, or where blobs are. Called by `adapters/web`.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from http import HTTPStatus
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from common.refs import BlobId, MessageId, is_blob, is_message
from services.network.media import HARMLESS

__all__ = [
    "METRICS",
    "Answer",
    "BlobAsked",
    "MessageAsked",
    "MetricsAsked",
    "RefusedError",
    "asked",
    "blob_answer",
    "message_answer",
    "metrics_answer",
    "path_of",
    "refusal",
    "span_of",
    "unboxed_answer",
]

METRICS = "/metrics"
"""Where Prometheus looks if it is told nothing else."""
YEAR_SECONDS = 365 * 24 * 3600
MAX_FIELDS = 16
"""Of a query: five mean something."""
MAX_NAME_CHARACTERS = 255
"""Of the file name that a link gives a blob: what a file system takes."""
KEY_BYTES = 32
_BOXED = ".boxs"
_SPAN = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)

_SAFE = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)
"""With everything: the type is what we say, and as a page of its own it has no script and no origin."""


class Answer(NamedTuple):
    """The head of an answer, with its body where that is short; `span` are the bytes of a blob that follow."""

    status: int
    head: bytes
    span: range = range(0)

    @property
    def phrase(self) -> str:
        """What the status is called."""
        return HTTPStatus(self.status).phrase


class RefusedError(Exception):
    """What is asked for is not to be had; the status says whose fault that is."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class BlobAsked(NamedTuple):
    """A blob, and in which form; `key` opens it, `known` tells that the client has it."""

    blob: BlobId
    is_head: bool
    span: str | None
    known: bool
    key: bytes | None
    kind: str | None
    name: str | None
    gzip: bool
    version: Literal["HTTP/1.0", "HTTP/1.1"]


class MessageAsked(NamedTuple):
    """A message, as JSON."""

    id: MessageId
    is_head: bool


class MetricsAsked(NamedTuple):
    """The counters of the server."""

    is_head: bool


def asked(request: Request) -> BlobAsked | MessageAsked | MetricsAsked:
    """What a request is for.

    Raises:
        RefusedError: nothing that we have.
    """
    if request.method not in ("GET", "HEAD"):
        raise RefusedError(405, "only GET and HEAD are answered here")
    path, query = path_of(request), request.path.partition("?")[2]
    if path.startswith("/blobs/get/"):
        return _blob(request, path.removeprefix("/blobs/get/"), query)
    if path == METRICS:
        return MetricsAsked(request.method == "HEAD")
    message = path.removeprefix("/msg/")
    for spelling in (message, unquote(message)):
        if path.startswith("/msg/") and is_message(spelling):
            return MessageAsked(spelling, request.method == "HEAD")
    raise RefusedError(404, "Not Found")


def path_of(request: Request) -> str:
    """The path without its query."""
    return request.path.partition("?")[0]


def span_of(text: str | None, size: int) -> range | None:
    """The bytes that a `Range` names of so many: none where it lies outside, None for all.

    What is no single range of bytes is to be answered as if it were not there (RFC 9110, section 14.2).
    """
    found = _SPAN.fullmatch(text) if text is not None else None
    if found is None:
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    end = min(int(last) + 1, size) if last else size
    return range(min(int(first), end), end)


def blob_answer(wanted: BlobAsked, size: int, kind: str) -> Answer:
    """The head before bytes of a blob of this size and media type."""
    if wanted.known:
        return Answer(304, _head(304, *_lasting(wanted)))
    span = span_of(wanted.span, size)
    if span is not None and not span:
        none = (
            ("Accept-Ranges", "bytes"),
            ("Content-Range", f"bytes */{size}"),
            ("Content-Length", "0"),
        )
        return Answer(416, _head(416, *_shared(), *none))
    part = span if span is not None else range(size)
    fields = [("Accept-Ranges", "bytes"), ("Content-Length", str(len(part)))]
    if span is not None:
        fields.append(("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}"))
    status = 200 if span is None else 206
    return Answer(
        status, _head(status, *_lasting(wanted), *_described(wanted, kind), *fields), part
    )


def unboxed_answer(wanted: BlobAsked, kind: str) -> Answer:
    """The head before what was in an encrypted blob; how long that is nobody knows before its end."""
    fields = (("Transfer-Encoding", "chunked"),) if wanted.version == "HTTP/1.1" else ()
    return Answer(200, _head(200, *_lasting(wanted), *_described(wanted, kind), *fields))


def message_answer(body: bytes, *, head_only: bool) -> Answer:
    """A message, whose JSON this is."""
    return _short(200, "application/json", body, head_only=head_only)


def metrics_answer(body: bytes, *, head_only: bool) -> Answer:
    """The counters; no page in a browser may read them."""
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return _short(200, kind, body, ("Cache-Control", "no-store"), head_only=head_only)


def refusal(refused: RefusedError, *, head_only: bool = False) -> Answer:
    """An answer that says why there is nothing."""
    fields = [("Cache-Control", "no-store")]
    if refused.status == 405:
        fields.append(("Allow", "GET, HEAD"))
    if refused.status in (503, 504):
        fields.append(("Retry-After", "5"))
    body = f"{refused.text}\n".encode()
    kind = "text/plain; charset=utf-8"
    return _short(refused.status, kind, body, *_shared(), *fields, head_only=head_only)


def _blob(request: Request, blob: str, query: str) -> BlobAsked:
    if not is_blob(blob) and not is_blob(blob := unquote(blob)):
        raise RefusedError(400, "this is not the id of a blob")
    try:
        options = dict(parse_qsl(query, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise RefusedError(400, f"more than {MAX_FIELDS} fields in the query") from error
    kind = options.get("contentType", "").lower()
    version: Literal["HTTP/1.0", "HTTP/1.1"] = (
        "HTTP/1.0" if request.protocol == "HTTP/1.0" else "HTTP/1.1"
    )
    return BlobAsked(
        blob,
        request.method == "HEAD",
        _wanted_span(request, blob),
        _is_known(_header(request, "If-None-Match"), blob),
        _key(options["unbox"]) if "unbox" in options else None,
        kind if kind in HARMLESS else None,
        options.get("filename", "")[:MAX_NAME_CHARACTERS] or None,
        "gzip" in options,
        version,
    )


def _header(request: Request, name: str) -> str:
    return ", ".join(request.headers.get_all(name))


def _wanted_span(request: Request, blob: BlobId) -> str | None:
    """The range that is asked for: of a GET alone, and on the condition that it is still the same blob."""
    condition = _header(request, "If-Range")
    if request.method != "GET" or (condition and condition.strip() != f'"{blob}"'):
        return None
    return _header(request, "Range") or None


def _is_known(tags: str, blob: BlobId) -> bool:
    """Whether one of the tags is this blob's; ids of blobs have no comma. multiblob-http's stand without quotes."""
    return any(tag.strip().removeprefix("W/").strip('"') == blob for tag in tags.split(","))


def _key(text: str) -> bytes:
    try:
        key = b64decode(text.removesuffix(_BOXED).replace(" ", "+"), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if len(key) != KEY_BYTES or not text.endswith(_BOXED):
        raise RefusedError(400, f"unbox must be a key of {KEY_BYTES} bytes in base64, and {_BOXED}")
    return key


def _shared() -> tuple[tuple[str, str], ...]:
    return (("Access-Control-Allow-Origin", "*"),)


def _lasting(wanted: BlobAsked) -> tuple[tuple[str, str], ...]:
    """A blob never changes; what a key opened is for who knows the key."""
    scope = "public" if wanted.key is None else "private"
    return (
        *_shared(),
        ("ETag", f'"{wanted.blob}"'),
        ("Cache-Control", f"{scope}, max-age={YEAR_SECONDS}, immutable"),
    )


def _described(wanted: BlobAsked, kind: str) -> tuple[tuple[str, str], ...]:
    fields = [("Content-Type", wanted.kind or kind)]
    if wanted.name is not None:
        name = quote(wanted.name, safe="", errors="replace")
        fields.append(("Content-Disposition", f"inline; filename*=UTF-8''{name}"))
    if wanted.gzip:
        fields.append(("Content-Encoding", "gzip"))
    return tuple(fields)


def _short(
    status: int, kind: str, body: bytes, *fields: tuple[str, str], head_only: bool
) -> Answer:
    described = (("Content-Type", kind), ("Content-Length", str(len(body))), *fields)
    return Answer(status, _head(status, *described) + (b"" if head_only else body))


def _head(status: int, *fields: tuple[str, str]) -> bytes:
    """A connection serves one request."""
    headers = Headers([*fields, *_SAFE, ("Connection", "close")])
    return Response(status, HTTPStatus(status).phrase, headers).serialize()
