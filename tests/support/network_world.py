"""A network service with what surrounds it in a test, and peers made of common.wire."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from common.crypto.keys import Keys
from common.runtime.settings import Settings, from_document
from common.wire.boxstream import Opener, Sealer
from common.wire.events import Ended, Event, Items, Value
from common.wire.handshake import Client
from common.wire.session import Session
from services.network.actor import Network
from tests.support.waiting import PATIENCE_S, until

APP_KEY = bytes(range(32))
SOON: dict[str, Any] = {"timers": {"handshake": 400}}
"""Settings for tests of who says nothing: no handshake that is to succeed may hang on such a time."""
UPGRADE = (
    b"GET /any/path HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Origin: http://evil\r\n\r\n"
)


def settings(path: Path, **more: Any) -> Settings:
    """Settings of a network service that listens on 127.0.0.1 alone; the defaults of config/ do not hold."""
    document: dict[str, Any] = {
        "path": str(path),
        "host": "127.0.0.1",
        "port": 0,
        "ws": {
            "port": 0,
            "http": "public",
            "wants": "local",
            "metrics": "off",
            "timeout": PATIENCE_S * 1000,
        }
        | more.pop("ws", {}),
        "caps": {"shs": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
        "timers": {"handshake": PATIENCE_S * 1000},
        "logging": {"level": "info"},
        "bus": {"dir": str(path / "run")},
        "services": ["network", "indexing"],
        "onion": {"proxies": []},
        "conn": {"firewall": {"rejectBlocked": True, "rejectUnknown": False}},
    }
    return from_document(document | more)


@dataclass
class World:
    """One network service with the services around it."""

    network: Network
    settings: Settings
    keys: Keys
    path: Path
    blocks: asyncio.Queue[dict[str, object]] = field(default_factory=asyncio.Queue)

    @property
    def port(self) -> int:
        return self.network.listening.places[0].port

    @property
    def address(self) -> str:
        place = self.network.listening.places[0]
        return f"net:127.0.0.1:{place.port}~shs:{self.network.listening.key}"

    async def judge(self, feed: str, value: int) -> None:
        """Our feed follows (1), blocks (-1) or neither; back when the door knows."""
        self.blocks.put_nowait({"source": self.keys.id, "dest": feed, "value": value})
        await until(lambda: (feed in self.network.gate._blocks._blocked) == (value == -1))

    @property
    def ws_port(self) -> int:
        return next(p.port for p in self.network.listening.places if p.carrier == "ws")

    @property
    def ws_address(self) -> str:
        return f"ws://127.0.0.1:{self.ws_port}~shs:{self.network.listening.key}"


class Peer:
    """A muxrpc client made of common.wire; without keys it speaks plainly, as on the unix socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.session = Session()
        self.opener: Opener | None = None
        self.sealer: Sealer | None = None
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, world: World, keys: Keys, app_key: bytes = APP_KEY) -> "Peer":
        peer = cls(*await asyncio.open_connection("127.0.0.1", world.port))
        machine = Client(app_key, keys.public, keys.secret, world.keys.public, os.urandom(32))
        try:
            await peer.shake(machine)
        except BaseException:
            await peer.close()
            raise
        return peer

    @classmethod
    async def local(cls, world: World) -> "Peer":
        peer = cls(*await asyncio.open_unix_connection(world.path / "socket"))
        peer._start()
        return peer

    async def shake(self, machine: Any) -> None:
        self.writer.write(machine.data_to_send())
        while machine.outcome is None:
            data = await self.reader.read(4096)
            if not data:
                machine.receive_eof()
            machine.receive_data(data)
            self.writer.write(machine.data_to_send())
        agreed = machine.outcome
        self.opener = Opener(agreed.decrypt_key, agreed.decrypt_nonce)
        self.sealer = Sealer(agreed.encrypt_key, agreed.encrypt_nonce)
        self._start(machine.leftover)

    def _start(self, first: bytes = b"") -> None:
        self._task = asyncio.get_running_loop().create_task(self._read(first))

    async def _read(self, data: bytes) -> None:
        try:
            while True:
                plain = data if self.opener is None else b"".join(self.opener.feed(data))
                for event in self.session.receive_data(plain) if plain else ():
                    self.events.put_nowait(event)
                self.flush()
                data = await self.reader.read(65536)
                if not data:
                    break
        except ConnectionError:
            pass
        self.ended.set()

    def flush(self) -> None:
        data = self.session.data_to_send()
        if data:
            self.writer.write(data if self.sealer is None else self.sealer.seal(data))

    def call(self, kind: Any, name: str, *args: object) -> int:
        number = self.session.call(kind, name.split("."), orjson.dumps(args))
        self.flush()
        return number

    async def event(self) -> Event:
        async with asyncio.timeout(PATIENCE_S):
            return await self.events.get()

    async def ask(self, name: str, *args: object) -> Any:
        """An async call: the value, or the text of the failure as an exception."""
        number = self.call("async", name, *args)
        event = await self.event()
        if isinstance(event, Value):
            assert event.call == number
            return orjson.loads(event.body) if event.type == 2 else event.body
        assert isinstance(event, Ended)
        assert event.failure is not None
        raise AskError(event.failure.message)

    async def collect(self, name: str, *args: object) -> list[bytes]:
        """A source: all its items."""
        self.call("source", name, *args)
        bodies: list[bytes] = []
        while isinstance(event := await self.event(), Items):
            bodies += event.bodies
        assert isinstance(event, Ended)
        if event.failure is not None:
            raise AskError(event.failure.message)
        return bodies

    async def gone(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.ended.wait()

    async def close(self) -> None:
        self.writer.transport.abort()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class AskError(Exception):
    """What the other side said went wrong."""


Start = Callable[..., Awaitable[World]]
Enter = Callable[..., Awaitable[Peer]]
