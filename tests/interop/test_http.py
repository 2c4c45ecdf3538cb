"""Plain HTTP on the port of WebSockets, beside npm's ssb-server: the same requests, answers compared."""

import asyncio
import hashlib
import http.client
import json
import os
import signal
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple
from unittest.mock import ANY
from urllib.parse import quote

import pytest

from common.refs.ids import blob_id
from common.wire.boxstream import Sealer
from tests.support.driver import Driver
from tests.support.killing import service_pids
from tests.support.processes import anonymous
from tests.support.servers import OurServer, Server, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
WITHIN_S = 60
LARGEST = 5 * 1024 * 1024
"""What `blobs.max` allows."""


class Got(NamedTuple):
    """An answer."""

    status: int
    fields: dict[str, str]
    body: bytes


class File:
    """Bytes in a file, and what they are called."""

    def __init__(self, folder: Path, data: bytes) -> None:
        self.data = data
        self.id = blob_id(hashlib.sha256(data).digest())
        self.path = folder / hashlib.sha256(data).hexdigest()
        self.path.write_bytes(data)
        self.url = f"/blobs/get/{self.id}"


async def ask(server: Server, path: str, method: str = "GET", **fields: str) -> Got:
    """One request of Python's own client."""

    def go() -> Got:
        line = http.client.HTTPConnection("127.0.0.1", server.ws_port, timeout=WITHIN_S)
        try:
            line.request(method, path, headers={k.replace("_", "-"): v for k, v in fields.items()})
            answer = line.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Got(answer.status, named, answer.read())
        finally:
            line.close()

    return await asyncio.to_thread(go)


async def keep(client: Driver, *files: File) -> None:
    for file in files:
        await client.send_file("blobs.add", file.path)

    async def here() -> bool:
        return all(await client.call("blobs.has", [file.id for file in files]))

    await until(here, within=WITHIN_S)


VARYING = {
    *("date", "expires", "expiry", "cache-control"),  # for a year, in both
    *("connection", "keep-alive", "transfer-encoding"),  # one request a connection, with its length
    *("etag",),  # with the quotes of RFC 9110
}


def noise(size: int) -> bytes:
    return hashlib.shake_256(b"http").digest(size)


KEY = bytes(range(32))
BOXS = quote(f"{b64encode(KEY).decode()}.boxs", safe="")
PLAIN = noise(10_000)
SEALER = Sealer(KEY, bytes(24))
BOXED = SEALER.seal(PLAIN) + SEALER.goodbye()
SIZE = 70_001

ALIKE: list[tuple[str, str, dict[str, str]]] = [
    ("", "GET", {}),
    ("", "HEAD", {}),
    ("", "GET", {"Range": "bytes=0-0"}),
    ("", "GET", {"Range": "bytes=0-9"}),
    ("", "GET", {"Range": "bytes=65530-65540"}),
    ("", "GET", {"Range": f"bytes={SIZE - 1}-"}),
    ("", "GET", {"Range": "bytes=-5"}),
    ("", "GET", {"Range": f"bytes=5-{SIZE + 9}"}),
    ("", "GET", {"Range": f"bytes={SIZE}-"}),
    ("?contentType=image/png", "GET", {}),
    ("?contentType=image/png&size=1", "HEAD", {}),
    ("?contentType=video/mp4", "GET", {"Range": "bytes=1-2"}),
]
"""What is asked of a blob, and answered alike."""
DIFFERENT: list[tuple[str, str, dict[str, str], int, int, str]] = [
    ("", "GET", {"Range": "x"}, 200, 400, "what is no range is as good as none (RFC 9110, 14.2)"),
    ("", "GET", {"Range": "bytes=9-3"}, 200, 416, "the same: it is not valid"),
    ("", "GET", {"Range": "bytes=1-2,5-6"}, 200, 206, "one range or all: no client needs several"),
    ("", "GET", {"Range": f"bytes=-{SIZE + 1}"}, 206, 416, "the last so many bytes of fewer: all"),
    ("", "POST", {}, 405, 404, "the method is wrong, not the path"),
    ("?unbox=AAAA.boxs", "GET", {}, 400, 200, "theirs sends nothing and says that all is well"),
    (f"?unbox={BOXS[:-5]}", "GET", {}, 400, 200, "theirs sends what is still encrypted"),
]
"""What is answered otherwise: our status, theirs, and why."""


async def test_blobs_are_answered_as_by_ssb_server(folder: Path) -> None:
    file, boxed = File(folder, noise(SIZE)), File(folder, BOXED)
    async with OurServer(folder / "a") as ours, SsbServer(folder / "b") as theirs:
        for server in (ours, theirs):
            await keep(await server.client(), file, boxed)
        for query, method, fields in ALIKE:
            for path in (file.url, f"/blobs/get/{quote(file.id, safe='')}"):
                got, known = [
                    await ask(one, path + query, method, **fields) for one in (ours, theirs)
                ]
                assert (got.status, got.body) == (known.status, known.body), (path, method, fields)
                shared = got.fields.keys() & known.fields.keys() - VARYING
                assert {k: got.fields[k] for k in shared} == {k: known.fields[k] for k in shared}
                assert known.fields.keys() - got.fields.keys() <= {*VARYING, "etag"}
        for query, method, fields, status, other, why in DIFFERENT:
            statuses = [
                (await ask(one, file.url + query, method, **fields)).status
                for one in (ours, theirs)
            ]
            assert statuses == [status, other], why
        for one in (ours, theirs):
            got = await ask(one, f"{boxed.url}?unbox={BOXS}")
            assert (got.status, got.body) == (200, PLAIN)
            tag = (await ask(one, file.url)).fields["etag"]
            again = await ask(one, file.url, If_None_Match=tag)
            assert (again.status, again.body) == (304, b"")
        assert (await ask(ours, file.url, If_None_Match=file.id)).status == 304


async def test_messages_are_answered_as_by_ssb_server(folder: Path) -> None:
    async with OurServer(folder / "a") as ours, SsbServer(folder / "b") as theirs:
        answers = []
        for server in (ours, theirs):
            client = await server.client()
            text = "h\u00e9 <script> \U0001f40d \u2028"
            message = await client.call("publish", {"type": "post", "text": text, "n": 1e21})
            whole = await client.call("get", message["key"])
            for path in (f"/msg/{message['key']}", f"/msg/{quote(message['key'], safe='')}"):
                got = await ask(server, path)
                assert (got.status, got.fields["content-type"]) == (200, "application/json")
                assert json.loads(got.body) == {"key": message["key"], "value": whole}
                head = await ask(server, path, "HEAD")
                assert (head.status, head.body) == (200, b"")
            own = whole["author"], whole["signature"], message["key"], str(whole["timestamp"])
            written = got.body.decode()
            for each in own:
                written = written.replace(each, "")
            answers.append(written)
        assert answers[0] == answers[1]


async def test_a_missing_blob_arrives_from_a_peer_while_the_request_waits(folder: Path) -> None:
    file, largest = File(folder, noise(100_000)), File(folder, noise(LARGEST))
    async with OurServer(folder / "a") as ours, SsbServer(folder / "b") as theirs:
        keeper = await theirs.client()
        await (await ours.client()).call("gossip.connect", theirs.address)
        asking = asyncio.create_task(ask(ours, file.url))
        await asyncio.sleep(0.5)
        await keep(keeper, file)
        assert await asking == (200, ANY, file.data)
        await keep(await ours.client(), largest)
        got = await ask(ours, largest.url)
        assert (got.status, len(got.body), got.body == largest.data) == (200, LARGEST, True)
        got = await ask(ours, largest.url, Range=f"bytes={LARGEST - 1}-")
        assert (got.status, got.body) == (206, largest.data[-1:])


HUGE = 50_000_000
CLIENTS = 6


async def part_of(server: Server, file: File, start: int) -> Got:
    """What comes of a blob from there on; less than was promised where the server breaks off."""
    try:
        return await ask(server, file.url, Range=f"bytes={start}-")
    except http.client.IncompleteRead as cut:
        return Got(206, {}, cut.partial)
    except (OSError, http.client.HTTPException):
        return Got(0, {}, b"")


async def test_memory_does_not_grow_with_a_blob_and_a_download_goes_on_after_kills(
    folder: Path,
) -> None:
    file = File(folder, noise(HUGE))
    async with OurServer(folder / "a", "--blobs.max", str(HUGE)) as ours:
        await keep(await ours.client(), file)
        pids = service_pids(ours.process.pid)
        before = {name: anonymous(pids[name]) for name in ("network", "blobs")}
        for _ in range(2):
            got = await asyncio.gather(*(ask(ours, file.url) for _ in range(CLIENTS)))
            assert all(one.body == file.data for one in got)
        for name, held in before.items():
            assert anonymous(pids[name]) < held + HUGE // 2, name
        have = b""
        for name in ("blobs", "network"):
            asking = asyncio.create_task(part_of(ours, file, len(have)))
            await asyncio.sleep(0.02)
            os.kill(service_pids(ours.process.pid)[name], signal.SIGKILL)
            more = await asking
            have += more.body if more.status == 206 else b""
        async with asyncio.timeout(WITHIN_S):
            while len(have) < HUGE:
                await asyncio.sleep(0.1)
                more = await part_of(ours, file, len(have))
                have += more.body if more.status == 206 else b""
        assert have == file.data
