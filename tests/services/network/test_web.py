"""Plain HTTP on the port of WebSockets: from the bus to a client's socket, and what becomes of who asks badly."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from common.bus import Call, CallerError, Method
from common.refs.ids import blob_id, message_id
from common.runtime.limits import Shares
from common.wire.boxstream import Sealer
from services.network.adapters import web
from tests.support.network_world import Start, World
from tests.support.waiting import PATIENCE_S, until

CHUNK = 64 * 1024
KEY = bytes(range(32))
BOXS = quote(f"{b64encode(KEY).decode()}.boxs", safe="")
MESSAGE = message_id(b"\xbb" * 32)


def id_of(data: bytes) -> str:
    return blob_id(hashlib.sha256(data).digest())


class Blobs:
    """A stand-in for `blobs`, `storage` and `api`; what is wanted can be brought."""

    def __init__(self, *stored: bytes) -> None:
        self.stored = {id_of(data): data for data in stored}
        self.claims: dict[str, int] = {}
        """Sizes that are not true."""
        self.wanted: list[str] = []
        self.refusal: CallerError | None = None
        """What wanting fails with."""
        self.given_up = 0
        self.came = asyncio.Event()
        self.sent = 0
        self.asked: list[str] = []

    def services(self) -> dict[str, dict[str, Method]]:
        return {
            "blobs": {
                "blobs.size": Method("async", self.size),
                "blobs.getSlice": Method("source", self.get_slice, ("anonymous",)),
                "blobs.want": Method("async", self.want),
            },
            "storage": {"get": Method("async", self.get)},
            "api": {"get": Method("async", self.get_from_peers)},
        }

    async def size(self, call: Call) -> object:
        blob = call.args[0]
        data = self.stored.get(blob)
        return orjson.dumps(self.claims.get(blob, len(data) if data is not None else None))

    async def get_slice(self, call: Call) -> None:
        part = call.args[0]
        if part["id"] not in self.stored:
            raise CallerError("could not get blob", "not_found")
        data = self.stored[part["id"]][part["start"] : part["end"]]
        for at in range(0, len(data), CHUNK):
            await call.ready()
            await call.send([data[at : at + CHUNK]], types=b"\0")
            self.sent += CHUNK

    async def want(self, call: Call) -> bool:
        self.wanted.append(call.args[0])
        if self.refusal is not None:
            raise self.refusal
        try:
            await self.came.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return True

    async def get(self, call: Call) -> object:
        self.asked.append("storage")
        if call.args[0] != MESSAGE:
            raise CallerError("Key not found in database", "not_found")
        return b'{"author":"@x","content":"<b>"}'

    async def get_from_peers(self, _: Call) -> object:
        self.asked.append("api")
        raise CallerError("Key not found in database", "not_found")


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[tuple[asyncio.StreamReader, Any]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.ws_port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def lines(path: str, method: str = "GET", version: str = "HTTP/1.1", more: str = "") -> bytes:
    return f"{method} {path} {version}\r\nHost: x\r\n{more}\r\n".encode()


async def ask(world: World, path: str, *words: str) -> tuple[int, str, bytes]:
    """Status, head and body of an answer."""
    async with connected(world) as (reader, writer), asyncio.timeout(PATIENCE_S):
        writer.write(lines(path, *words))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


async def counted(world: World, reason: str) -> None:
    await until(lambda: world.network.exchange.ended[reason])


async def test_blobs_are_given_whole_and_in_part(start: Start) -> None:
    data = bytes(range(256)) * 1_000
    blobs = Blobs(data, b"")
    world = await start(blobs.services())
    url = f"/blobs/get/{id_of(data)}"
    assert (await ask(world, url))[::2] == (200, data)
    assert (await ask(world, quote(url)))[::2] == (200, data)
    assert (await ask(world, url, "GET", "HTTP/1.0"))[::2] == (200, data)
    status, head, body = await ask(world, url, "HEAD")
    assert (status, body) == (200, b"")
    assert "Content-Length: 256000\r\n" in head
    for text, part in (("0-0", data[:1]), ("1-70000", data[1:70_001]), ("-5", data[-5:])):
        answer = await ask(world, url, "GET", "HTTP/1.1", f"Range: bytes={text}\r\n")
        assert answer[::2] == (206, part)
    assert (await ask(world, url, "GET", "HTTP/1.1", "Range: bytes=256000-\r\n"))[0] == 416
    assert (await ask(world, f"/blobs/get/{id_of(b'')}"))[::2] == (200, b"")
    known = f'If-None-Match: "{id_of(data)}"\r\n'
    assert (await ask(world, url, "GET", "HTTP/1.1", known))[::2] == (304, b"")
    assert world.network.exchange.ended["http: Partial Content"] == 3


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("size", [0, 1, 10_000, 300_000])
async def test_an_encrypted_blob_is_opened_on_the_way(
    start: Start, size: int, version: str
) -> None:
    plain = bytes(size)
    sealer = Sealer(KEY, bytes(24))
    boxed = sealer.seal(plain) + sealer.goodbye()
    world = await start(Blobs(boxed).services())
    url = f"/blobs/get/{id_of(boxed)}?unbox={BOXS}"
    status, head, body = await ask(world, url, "GET", version)
    if "chunked" in head:
        body, rest = b"", body
        while rest:
            length, _, rest = rest.partition(b"\r\n")
            body, rest = body + rest[: int(length, 16)], rest[int(length, 16) + 2 :]
    assert (status, body) == (200, plain)
    assert ("chunked" in head) == (version == "HTTP/1.1")
    assert (await ask(world, url, "HEAD"))[::2] == (200, b"")


async def test_a_box_that_does_not_open_is_not_a_whole_answer(start: Start) -> None:
    sealer = Sealer(KEY, bytes(24))
    cut = sealer.seal(bytes(600_000))
    damaged = cut[:500_000] + b"x" + cut[500_001:]
    other = bytes(100_000)
    world = await start(Blobs(cut, damaged, other).services())
    status, _, body = await ask(world, f"/blobs/get/{id_of(other)}?unbox={BOXS}")
    assert (status, body) == (400, b"the blob cannot be opened with this key\n")
    for data in (cut, damaged):
        async with connected(world) as (reader, writer):
            writer.write(lines(f"/blobs/get/{id_of(data)}?unbox={BOXS}"))
            with suppress(ConnectionResetError):
                assert not (await reader.read()).endswith(b"\r\n0\r\n\r\n")
    await counted(world, "http: broke off")


async def test_a_missing_blob_is_wanted_and_sent_when_it_comes(start: Start) -> None:
    blobs = Blobs()
    world = await start(blobs.services())
    data = b"late"
    asking = asyncio.create_task(ask(world, f"/blobs/get/{id_of(data)}"))
    await until(lambda: blobs.wanted)
    blobs.stored[id_of(data)] = data
    blobs.came.set()
    assert (await asking)[::2] == (200, data)


def served(**more: Any) -> dict[str, Any]:
    return {"ws": {"timeout": 300} | more}


async def test_a_blob_that_does_not_come_costs_its_time(start: Start) -> None:
    blobs = Blobs()
    world = await start(blobs.services(), **served())
    status, head, body = await ask(world, f"/blobs/get/{id_of(b'never')}")
    assert status == 504
    assert body.startswith(b"the blob is not here; within 0.3 s no peer sent it")
    assert "Retry-After: 5\r\n" in head
    await until(lambda: blobs.given_up)


@pytest.mark.parametrize(("code", "status"), [("taken_down", 410), ("bad_argument", 403)])
async def test_what_was_taken_down_is_gone(start: Start, code: str, status: int) -> None:
    blobs = Blobs()
    blobs.refusal = CallerError("the blob was taken down: law", code)
    world = await start(blobs.services())
    answer = await ask(world, f"/blobs/get/{id_of(b'x')}")
    assert answer[::2] == (status, b"the blob was taken down: law\n")


async def test_wanting_can_be_turned_off(start: Start) -> None:
    blobs = Blobs()
    world = await start(blobs.services(), **served(wants="off"))
    assert (await ask(world, f"/blobs/get/{id_of(b'never')}"))[::2] == (
        404,
        b"the blob is not here\n",
    )
    assert (await ask(world, f"/msg/{message_id(bytes(32))}"))[0] == 404
    assert blobs.wanted == []
    assert blobs.asked == ["storage"]


async def test_who_leaves_waits_no_longer(start: Start) -> None:
    blobs = Blobs()
    world = await start(blobs.services(), **served(timeout=60_000))
    async with connected(world) as (_, writer):
        writer.write(lines(f"/blobs/get/{id_of(b'never')}"))
        await until(lambda: blobs.wanted)
    await until(lambda: blobs.given_up)


async def test_too_many_at_a_time_are_told_so(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_REQUESTS", 2)
    monkeypatch.setattr(web, "MAX_WAITS", 1)
    blobs = Blobs(b"here")
    world = await start(blobs.services(), **served(timeout=60_000))
    url = f"/blobs/get/{id_of(b'never')}"
    async with connected(world) as (_, first):
        first.write(lines(url))
        await until(lambda: blobs.wanted)
        assert (await ask(world, url))[::2] == (
            503,
            b"the blob is not here, and too many requests wait for others\n",
        )
        world.network.doorway._web._waits = Shares(4, 4)
        async with connected(world) as (_, second):
            second.write(lines(url))
            await until(lambda: len(blobs.wanted) >= 2)
            assert (await ask(world, f"/blobs/get/{id_of(b'here')}"))[::2] == (
                503,
                b"too many requests at a time\n",
            )

    async def answered() -> bool:
        return (await ask(world, f"/blobs/get/{id_of(b'here')}"))[::2] == (200, b"here")

    await until(answered)


async def test_a_slow_reader_holds_little_and_is_dropped(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "SLOW_SECONDS", 0.3)
    data = bytes(60_000_000)
    blobs = Blobs(data)
    world = await start(blobs.services())
    async with connected(world) as (_, writer):
        writer.write(lines(f"/blobs/get/{id_of(data)}"))
        await counted(world, "http: reads too slowly")
    assert blobs.sent < len(data) // 2, "what the system's buffers hold, and a little more"


async def test_a_blob_that_shrinks_breaks_off(start: Start) -> None:
    data = bytes(1_000)
    blobs = Blobs(data)
    blobs.claims[id_of(data)] = 2_000
    world = await start(blobs.services())
    async with connected(world) as (reader, writer):
        writer.write(lines(f"/blobs/get/{id_of(data)}", "GET", "HTTP/1.1", "Range: bytes=0-10\r\n"))
        await reader.read()
    status, _, body = await ask(world, f"/blobs/get/{id_of(data)}")
    assert status == 200
    assert len(body) < 2_000
    await counted(world, "http: broke off")


async def test_a_blob_that_was_removed_is_given_no_more(start: Start) -> None:
    data = b"known"
    blobs = Blobs(data)
    world = await start(blobs.services(), **served(wants="off"))
    for _ in range(3):
        assert (await ask(world, f"/blobs/get/{id_of(data)}"))[::2] == (200, data)
    del blobs.stored[id_of(data)]
    assert (await ask(world, f"/blobs/get/{id_of(data)}"))[::2] == (
        404,
        b"the blob is not here\n",
    )


async def test_what_is_known_of_blobs_is_bounded(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_KNOWN", 2)
    all_ = [bytes([n]) * 9 for n in range(4)]
    world = await start(Blobs(*all_).services())
    for data in all_ * 2:
        assert (await ask(world, f"/blobs/get/{id_of(data)}"))[::2] == (200, data)
    assert len(world.network.doorway._web._known) == 2


async def test_a_message_is_json(start: Start) -> None:
    blobs = Blobs()
    world = await start(blobs.services())
    status, head, body = await ask(world, f"/msg/{quote(MESSAGE, safe='')}")
    assert status == 200
    assert "Content-Type: application/json\r\n" in head
    whole = {"key": MESSAGE, "value": {"author": "@x", "content": "<b>"}}
    assert body == orjson.dumps(whole, option=orjson.OPT_INDENT_2)
    assert (await ask(world, f"/msg/{MESSAGE}", "HEAD"))[::2] == (200, b"")
    assert blobs.asked == ["storage", "storage"]
    status, _, body = await ask(world, f"/msg/{message_id(bytes(32))}")
    assert (status, body) == (404, b"the message is not here\n")
    assert blobs.asked[2:] == ["storage", "api"]


async def test_without_the_service_it_is_not_available(start: Start) -> None:
    world = await start()
    assert (await ask(world, f"/blobs/get/{id_of(b'x')}"))[0] == 503


@pytest.mark.parametrize(
    ("http", "status", "words"),
    [
        ("off", 404, b"nothing but WebSockets is served here\n"),
        ("local", 200, b"here"),
        ("public", 200, b"here"),
    ],
)
async def test_the_setting_tells_who_is_answered(
    start: Start, http: str, status: int, words: bytes
) -> None:
    world = await start(Blobs(b"here").services(), **served(http=http))
    assert (await ask(world, f"/blobs/get/{id_of(b'here')}"))[::2] == (status, words)


async def test_strangers_from_elsewhere_are_told_that_it_is_not_for_them(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "is_local", lambda _: False)
    world = await start(Blobs(b"here").services(), **served(http="local"))
    status, _, body = await ask(world, f"/blobs/get/{id_of(b'here')}")
    assert (status, body) == (403, b"HTTP is served to clients on this machine only\n")


class Counted:
    """A stand-in for `api`."""

    async def metrics(self, _: Call) -> str:
        return "# HELP a ä\na 1\n"

    def services(self) -> dict[str, dict[str, Method]]:
        return {"api": {"metrics": Method("sync", self.metrics)}}


async def test_counters_are_text_which_no_page_may_read(start: Start) -> None:
    world = await start(Counted().services(), **served(http="off", metrics="local"))
    status, head, body = await ask(world, "/metrics?x=1")
    assert (status, body.decode()) == (200, "# HELP a ä\na 1\n")
    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" in head
    assert "Access-Control-Allow-Origin" not in head
    assert (await ask(world, "/metrics", "HEAD"))[::2] == (200, b"")
    assert (await ask(world, "/metrics", "POST"))[0] == 405
    assert (await ask(world, f"/msg/{MESSAGE}"))[0] == 404


@pytest.mark.parametrize(
    ("audience", "is_local", "status"),
    [("off", True, 404), ("local", True, 200), ("local", False, 403), ("public", False, 200)],
)
async def test_counters_are_for_whom_the_setting_names(
    start: Start, monkeypatch: pytest.MonkeyPatch, audience: str, *, is_local: bool, status: int
) -> None:
    monkeypatch.setattr(web, "is_local", lambda _: is_local)
    world = await start(Counted().services(), **served(metrics=audience))
    assert (await ask(world, "/metrics"))[0] == status


async def test_a_door_without_http_serves_websockets_alone(start: Start) -> None:
    incoming = {"ws": [{"host": "127.0.0.1", "port": 0, "http": False}]}
    world = await start(Blobs(b"here").services(), connections={"incoming": incoming})
    assert (await ask(world, f"/blobs/get/{id_of(b'here')}"))[0] == 404


async def test_who_does_not_stop_sending_is_closed(start: Start) -> None:
    blobs = Blobs()
    world = await start(blobs.services(), **served(timeout=60_000))
    async with connected(world) as (reader, writer):
        writer.write(lines(f"/blobs/get/{id_of(b'never')}"))
        await until(lambda: blobs.wanted)
        writer.write(bytes(web.MAX_MORE_BYTES + 1))
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
    await counted(world, "http: does not stop")
