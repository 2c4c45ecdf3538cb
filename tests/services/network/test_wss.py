"""WebSockets behind TLS: a certificate of the operator's on the port of WebSockets."""

import asyncio
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Node
from common.runtime.errors import StartError
from tests.support.network_world import SOON, Start, World
from tests.support.waiting import PATIENCE_S, until

CURVE = "ec_paramgen_curve:prime256v1"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A key and a certificate for localhost."""
    found = {"key": str(tmp_path / "key.pem"), "cert": str(tmp_path / "cert.pem")}
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", CURVE, "-nodes"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", found["key"], "-out", found["cert"], "-days", "2"),
        ],
        check=True,
        capture_output=True,
    )
    return found


def listening_on_wss(**more: Any) -> dict[str, object]:
    place = {"host": "127.0.0.1", "port": 0, "scope": ["device", "local"], **more}
    return {"incoming": {"ws": [place]}}


async def dial(here: World, address: str) -> None:
    async with Node("tester", here.settings.endpoint, calls=["network"]) as node:
        await node.wait_up("network", PATIENCE_S)
        await node.call("network", "connections.dial", address)


async def test_a_peer_is_reached_over_wss_if_its_certificate_is_good(
    start: Start, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here = await start(connections=listening_on_wss(**files)), await start()
    (place,) = there.network.listening.places
    address = f"wss://127.0.0.1:{place.port}~shs:{there.network.listening.key}"
    local = Node("tester", there.settings.endpoint, calls=["network"])
    async with local as node:
        await node.wait_up("network", PATIENCE_S)
        assert (await node.call("network", "getAddress", "local")).json() == address
    with pytest.raises(BusError, match=r"could not connect.*CERTIFICATE_VERIFY_FAILED"):
        await dial(here, address)
    monkeypatch.setenv("SSL_CERT_FILE", files["cert"])
    await dial(here, address)
    (standing,) = there.network.exchange.connections
    assert (standing.feed, standing.transport) == (here.keys.id, "ws")
    await there.network.stop()


async def test_who_speaks_no_tls_is_counted_and_its_place_given_back(
    start: Start, files: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    world = await start(connections=listening_on_wss(**files), **SOON)
    caplog.clear()
    (place,) = world.network.listening.places
    for first in (b"GET / HTTP/1.1\r\n\r\n", b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(first)
        async with asyncio.timeout(PATIENCE_S):
            await reader.read()
        writer.close()
    admission = world.network.doorway.admission
    await until(lambda: not (admission.under_way or admission.addresses))
    assert dict(world.network.exchange.ended) == {"tls: no handshake": 2}
    assert caplog.records == []


async def test_sockets_behind_tls_are_counted_before_their_handshake(
    start: Start, files: dict[str, str]
) -> None:
    world = await start(connections=listening_on_wss(**files), limits={"handshakes_per_address": 1})
    (place,) = world.network.listening.places
    _, first = await asyncio.open_connection("127.0.0.1", place.port)
    admission = world.network.doorway.admission
    async with asyncio.timeout(PATIENCE_S):
        await until(lambda: admission.under_way)
        reader, second = await asyncio.open_connection("127.0.0.1", place.port)
        assert await reader.read() == b""
    assert dict(world.network.exchange.ended) == {"too many handshakes from one address": 1}
    first.close()
    second.close()


async def test_plain_http_is_answered_behind_tls(start: Start, files: dict[str, str]) -> None:
    world = await start(connections=listening_on_wss(**files))
    (place,) = world.network.listening.places
    context = ssl.create_default_context(cafile=files["cert"])
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port, ssl=context)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
    writer.close()


async def test_a_certificate_that_cannot_be_read_is_named(
    start: Start, files: dict[str, str], tmp_path: Path
) -> None:
    missing = str(tmp_path / "none.pem")
    with pytest.raises(StartError, match=r"connections\.incoming\.ws: .*none\.pem.*No such file"):
        await start(connections=listening_on_wss(key=files["key"], cert=missing))
    with pytest.raises(StartError, match=r"connections\.incoming\.ws: cannot use"):
        await start(connections=listening_on_wss(key=files["cert"], cert=files["cert"]))
