"""Plain HTTP on the port of the WebSockets: blobs and messages, as ssb-ws serves them, and counters for Prometheus.

Knows who is answered, whom to ask on the bus, and how bytes get from there to a socket no faster than it takes
them. Must never know WebSockets, or what a head says (`http`). The doorway hands it each link whose request is no
upgrade.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import NamedTuple

from websockets.http11 import Request

from common.bus import BusError, CallerError, DeadlineExceeded, Node, OurError, Unavailable
from common.feed import json
from common.refs import BlobId
from common.runtime.limits import Shares
from common.wire.boxstream import Opener
from services.network import http
from services.network.adapters.link import Link
from services.network.http import Answer, BlobAsked, MessageAsked, MetricsAsked, RefusedError
from services.network.media import SNIFFED_BYTES, type_of
from services.network.model import household, is_local
from services.network.settings import Audience, Ws

__all__ = ["Web"]

log = logging.getLogger(__name__)

MAX_REQUESTS = 128
"""Answered at a time, each with up to half a megabyte of blob on its way; no address gets more than half of what is
free."""
LEAST_REQUESTS = 8
"""That every address may have: browsers make six at a time."""
MAX_WAITS = 64
"""Requests that wait for a blob to come."""
LEAST_WAITS = 4
WINDOW_BYTES = 64 * 1024
"""Of credit on the bus, and unsent on the socket, before what is read from disk waits."""
SLOW_SECONDS = 60.0
"""In which a client must take what waits for it, three quarters of `WINDOW_BYTES` at least."""
MAX_MORE_BYTES = 16 * 1024
"""Behind a request: a second one, which is not heard."""
MAX_KNOWN = 4_096
"""Blobs whose size and type are remembered: some hundred bytes each."""
STATUSES = {"not_found": 404, "taken_down": 410}
"""By the code of an error that says the request is at fault."""
NONCE = bytes(24)
"""Of encrypted blobs: their key is used once (ssb-ws)."""

Pieces = AsyncGenerator[bytes, None]
Work = Callable[[], Coroutine[object, object, str]]
"""Answers a request; tells how that ended."""


class Reply(NamedTuple):
    """A head, and what follows it."""

    answer: Answer
    body: Pieces | None = None


class Known(NamedTuple):
    """What is true of a blob for ever."""

    size: int
    kind: str


class Web:
    """Answers requests; `count` is told how each ended."""

    def __init__(self, node: Node, settings: Ws, count: Callable[[str], None]) -> None:
        self._node = node
        self._settings = settings
        self._count = count
        self._requests = Shares(MAX_REQUESTS, LEAST_REQUESTS)
        self._waits = Shares(MAX_WAITS, LEAST_WAITS)
        self._known: dict[BlobId, Known] = {}

    def serve(self, link: Link, request: Request, host: str, *, open_: bool) -> None:
        """Answer one request from an address, and close; where the door is not `open_`, only to say so."""
        place = household(host)
        link.relax()
        link.narrow(WINDOW_BYTES)
        refused = self._refused(request, host, open_=open_)
        if refused is None and not self._requests.enter(place):
            refused = RefusedError(503, "too many requests at a time")
        if refused is not None:
            answer = http.refusal(refused, head_only=request.method == "HEAD")
            _Visit(link, self._count, partial(self._send, link, Reply(answer)))
            return
        visit = _Visit(link, self._count, partial(self._answer, link, request, host))
        visit.task.add_done_callback(lambda _: self._requests.leave(place))

    def _refused(self, request: Request, host: str, *, open_: bool) -> RefusedError | None:
        is_metrics = http.path_of(request) == http.METRICS
        audience = self._settings.metrics if is_metrics else self._settings.http
        if not open_ or self._settings.http == self._settings.metrics == "off":
            return RefusedError(404, "nothing but WebSockets is served here")
        if audience == "off":
            return RefusedError(404, "this is not served here")
        if not _admits(audience, host):
            return RefusedError(403, "HTTP is served to clients on this machine only")
        return None

    async def _answer(self, link: Link, request: Request, host: str) -> str:
        try:
            wanted = http.asked(request)
            match wanted:
                case MessageAsked():
                    reply = await self._message(wanted, host)
                case MetricsAsked():
                    reply = await self._metrics(wanted)
                case BlobAsked():
                    reply = await self._blob(wanted, host)
        except (RefusedError, BusError) as error:
            refused = error if isinstance(error, RefusedError) else _translated(error)
            reply = Reply(http.refusal(refused, head_only=request.method == "HEAD"))
        return await self._send(link, reply)

    async def _send(self, link: Link, reply: Reply) -> str:
        """Send an answer as fast as it is read; answers how that ended."""
        link.write(reply.answer.head)
        try:
            if reply.body is not None:
                async with aclosing(reply.body) as pieces:
                    async for piece in pieces:
                        link.write(piece)
                        async with asyncio.timeout(SLOW_SECONDS):
                            await link.writable()
            async with asyncio.timeout(SLOW_SECONDS):
                await link.sent()
        except BusError as error:
            log.info("a blob broke off", extra={"fields": {"reason": error.message}})
            link.abort()
            return "http: broke off"
        except TimeoutError:
            link.abort()
            return "http: reads too slowly"
        return f"http: {reply.answer.phrase}"

    async def _blob(self, wanted: BlobAsked, host: str) -> Reply:
        if wanted.known:
            return Reply(http.blob_answer(wanted, 0, ""))
        if (reply := await self._again(wanted)) is not None:
            return reply
        size = await self._size(wanted.blob)
        if size is None:
            await self._fetch(wanted.blob, host)
            size = await self._size(wanted.blob) or 0
        if wanted.key is not None:
            return await _unboxed(wanted, wanted.key, self._bytes(wanted.blob, range(size)))
        head = self._bytes(wanted.blob, range(min(size, SNIFFED_BYTES)))
        kind = type_of(b"".join([piece async for piece in head]))
        self._remember(wanted.blob, Known(size, kind))
        answer = http.blob_answer(wanted, size, kind)
        if wanted.is_head or not answer.span:
            return Reply(answer)
        return Reply(answer, self._bytes(wanted.blob, answer.span))

    async def _again(self, wanted: BlobAsked) -> Reply | None:
        """The answer in one call, for bytes of a blob that was asked for before and is still here."""
        known = self._known.get(wanted.blob)
        if known is None or wanted.is_head or wanted.key is not None:
            return None
        answer = http.blob_answer(wanted, known.size, known.kind)
        pieces = self._bytes(wanted.blob, answer.span)
        try:
            first = await anext(pieces, b"")
        except BusError:
            self._known.pop(wanted.blob, None)
            return None
        return Reply(answer, _joined(first, pieces)) if first else None

    def _remember(self, blob: BlobId, known: Known) -> None:
        self._known.pop(blob, None)
        self._known[blob] = known
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]

    async def _size(self, blob: BlobId) -> int | None:
        size = (await self._node.call("blobs", "blobs.size", blob)).json()
        return size if isinstance(size, int) else None

    async def _fetch(self, blob: BlobId, host: str) -> None:
        """Wait until a missing blob has come from a peer."""
        place, limit = household(host), self._settings.timeout
        if not _admits(self._settings.wants, host):
            raise RefusedError(404, "the blob is not here")
        if not self._waits.enter(place):
            raise RefusedError(503, "the blob is not here, and too many requests wait for others")
        try:
            await self._node.call("blobs", "blobs.want", blob, deadline_ms=limit)
        except DeadlineExceeded as error:
            text = (
                f"the blob is not here; within {limit / 1000:g} s no peer sent it; it stays wanted"
            )
            raise RefusedError(504, text) from error
        finally:
            self._waits.leave(place)

    async def _bytes(self, blob: BlobId, span: range) -> Pieces:
        """The bytes of a part of a blob.

        Raises:
            BusError: it cannot be read, or not all of it.
        """
        part = {"id": blob, "start": span.start, "end": span.stop}
        left = len(span)
        source = self._node.source("blobs", "blobs.getSlice", part, window=WINDOW_BYTES)
        async with source as stream:
            async for batch in stream:
                data = b"".join(batch.bodies)
                left -= len(data)
                yield data
        if left:
            raise OurError("the blob is not as long as it was")

    async def _message(self, wanted: MessageAsked, host: str) -> Reply:
        services = ("storage", "api") if _admits(self._settings.wants, host) else ("storage",)
        missing: CallerError | None = None
        for service in services:
            try:
                found = await self._node.call(
                    service, "get", wanted.id, deadline_ms=self._settings.timeout
                )
            except CallerError as error:
                missing = missing or error
            else:
                whole = {"key": wanted.id, "value": json.parse(found.bodies[0])}
                return Reply(http.message_answer(json.encode_utf8(whole), head_only=wanted.is_head))
        raise RefusedError(404, "the message is not here") from missing

    async def _metrics(self, wanted: MetricsAsked) -> Reply:
        text = (await self._node.call("api", "metrics")).json()
        return Reply(http.metrics_answer(text.encode(), head_only=wanted.is_head))


class _Visit:
    """The stage of a link in which its request is answered; who hangs up is answered no more."""

    def __init__(self, link: Link, count: Callable[[str], None], work: Work) -> None:
        self._link = link
        self._count = count
        self._more = 0
        self._is_over = False
        link.stage = self
        self.task = asyncio.get_running_loop().create_task(self._run(work))

    def received(self, data: bytes) -> None:
        """Another request: who sends many is closed."""
        self._more += len(data)
        if self._more > MAX_MORE_BYTES:
            self._link.close("http: does not stop")

    def lost(self, reason: str) -> None:
        """The socket is gone."""
        self._count(reason if reason.startswith("http: ") else f"http: {reason}")
        if not self._is_over:
            self.task.cancel()

    async def _run(self, work: Work) -> None:
        try:
            reason = await work()
        except Exception:
            log.exception("a request broke")
            reason = "http: broke"
        self._is_over = True
        self._link.close(reason)


def _admits(audience: Audience, host: str) -> bool:
    return audience == "public" or (audience == "local" and is_local(host))


def _translated(error: BusError) -> RefusedError:
    """What a client is told of an error on the bus."""
    if isinstance(error, Unavailable | DeadlineExceeded):
        return RefusedError(503, "this is not available at the moment")
    if isinstance(error, CallerError):
        return RefusedError(STATUSES.get(error.code, 403), error.message)
    return RefusedError(500, "this cannot be read")


async def _unboxed(wanted: BlobAsked, key: bytes, boxed: Pieces) -> Reply:
    """What is in an encrypted blob; its first bytes are opened before anything is said of it."""
    opened = _opened(key, boxed)
    try:
        start = await anext(opened, b"")
    except OurError as error:
        await opened.aclose()
        raise RefusedError(400, "the blob cannot be opened with this key") from error
    answer = http.unboxed_answer(wanted, type_of(start))
    if wanted.is_head:
        await opened.aclose()
        return Reply(answer)
    return Reply(answer, _chunked(start, opened, frames=wanted.version == "HTTP/1.1"))


async def _opened(key: bytes, boxed: Pieces) -> Pieces:
    opener = Opener(key, NONCE)
    async with aclosing(boxed) as pieces:
        async for piece in pieces:
            if plain := b"".join(opener.feed(piece)):
                yield plain
            if opener.end is not None:
                break
    if opener.end != "ok":
        raise OurError("the box is damaged, or not all of it")


async def _joined(first: bytes, pieces: Pieces) -> Pieces:
    async with aclosing(pieces) as rest:
        yield first
        async for piece in rest:
            yield piece


async def _chunked(start: bytes, opened: Pieces, *, frames: bool) -> Pieces:
    """The pieces with their lengths before them, so that a client sees whether it has all of them."""
    async with aclosing(opened) as pieces:
        if start:
            yield _chunk(start) if frames else start
        async for piece in pieces:
            yield _chunk(piece) if frames else piece
    if frames:
        yield _chunk(b"")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
