"""Hidden hosts are reached through a SOCKS proxy, and nobody else hears their names."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from common.bus import BusError, Node
from common.runtime.errors import SettingsError
from services.network.adapters.carrier import Carrier
from tests.support.network_world import Start, World
from tests.support.waiting import PATIENCE_S

GRANTED, REFUSED = 0, 5
HIDDEN = "expyuzz4wqqyqhjn.onion"


@dataclass
class Proxy:
    """A SOCKS5 server that knows one hidden host; `asked` is what it was asked for, `reply` what it answers."""

    behind: int
    reply: int = GRANTED
    wants: int = 0
    asked: list[tuple[str, int]] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(bytes([5, self.wants]))
        if self.wants == 2:
            user = (await reader.readexactly(2))[1]
            name = await reader.readexactly(user)
            word = await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(bytes([1, (name, word) != (b"me", b"s3cret/")]))
        head = await reader.readexactly(5)
        assert head[:4] == b"\x05\x01\x00\x03"  # connect to a name
        name = await reader.readexactly(head[4])
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append((name.decode(), port))
        writer.write(bytes([5, self.reply, 0, 1, 127, 0, 0, 1, 0, 0]))
        if self.reply == GRANTED:
            inner = await asyncio.open_connection("127.0.0.1", self.behind)
            await asyncio.gather(pump(reader, inner[1]), pump(inner[0], writer))
        writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(4096):
            writer.write(data)
    except ConnectionError:
        pass
    writer.close()


@asynccontextmanager
async def proxied(port: int, **more: Any) -> AsyncIterator[Proxy]:
    proxy = Proxy(port, **more)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy


async def dial(here: World, address: str) -> None:
    async with Node("tester", here.settings.endpoint, calls=["network"]) as node:
        await node.wait_up("network", PATIENCE_S)
        await node.call("network", "connections.dial", address)


@pytest.fixture(autouse=True)
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names that were resolved here."""
    names: list[str] = []
    whole = asyncio.BaseEventLoop.getaddrinfo

    async def spy(self: Any, host: Any, *args: Any, **more: Any) -> Any:
        names.append(str(host))
        return await whole(self, host, *args, **more)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", spy)
    return names


async def test_a_hidden_peer_is_reached_through_the_proxy(
    start: Start, resolved: list[str]
) -> None:
    there = await start()
    key = there.network.listening.key
    async with proxied(there.port) as proxy:
        with socket.create_server(("127.0.0.1", 0)) as free:
            dead = free.getsockname()[1]
        proxies = [f"socks5://127.0.0.1:{dead}", f"socks5://127.0.0.1:{proxy.port}"]
        here = await start(onion={"proxies": proxies})
        address = f"onion:{HIDDEN}:8008~shs:{key}"
        await dial(here, address)
        (standing,) = here.network.exchange.connections
        assert (standing.feed, standing.address, standing.transport) == (
            there.keys.id,
            address,
            "onion",
        )
        assert proxy.asked == [(HIDDEN, 8008)]
        await here.network.stop()
    assert not [name for name in resolved if "onion" in name]


@pytest.mark.parametrize("address", ["net:{}:8008~shs:{}", "ws://{}:8989~shs:{}"])
async def test_a_hidden_host_is_never_resolved_here_whatever_carries_it(
    start: Start, resolved: list[str], address: str
) -> None:
    there = await start()
    async with proxied(there.ws_port if "ws:" in address else there.port) as proxy:
        url = f"socks5://me:s3cret%2F@127.0.0.1:{proxy.port}"
        proxy.wants = 2
        here = await start(onion={"proxies": [url]})
        await dial(here, address.format(HIDDEN, there.network.listening.key))
        assert len(proxy.asked) == 1
        await here.network.stop()
    assert not [name for name in resolved if "onion" in name]


async def test_a_hidden_host_that_cannot_be_reached_says_why(start: Start) -> None:
    there = await start()
    address = f"onion:{HIDDEN}:8008~shs:{there.network.listening.key}"
    async with proxied(there.port, reply=REFUSED) as proxy:
        here = await start(onion={"proxies": [f"socks5://127.0.0.1:{proxy.port}"]})
        with pytest.raises(BusError, match=r"the proxy at 127\.0\.0\.1:.*Connection refused"):
            await dial(here, address)
    with pytest.raises(BusError, match=r"could not connect to .*: the proxy at 127"):
        await dial(here, address)
    with pytest.raises(BusError, match="no proxy is set"):
        await dial(await start(), address)
    async with proxied(there.port, reply=REFUSED) as proxy:
        here = await start(onion={"proxies": [f"socks5://127.0.0.1:{proxy.port}"]})
        await dial(here, f"{address};{there.address}")
        assert len(proxy.asked) == 1


@pytest.mark.parametrize("text", ["", "127.0.0.1:9050", "http://127.0.0.1:1", "socks5://x:y"])
def test_what_is_no_proxy_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match=r"setting onion\.proxies: must be socks5://HOST:PORT"):
        Carrier([text])
