"""A peer that a test plays by hand: honest or hostile, over TCP with common.wire, no server behind it."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from typing import Any, Self

import orjson

from common.crypto.keys import Keys
from common.wire.boxstream import Opener, Sealer
from common.wire.events import Closed, Ended, Event, Items, Request, Value
from common.wire.handshake import Client
from common.wire.session import Session
from tests.support.waiting import PATIENCE_S

READ_BYTES = 1 << 16


class RefusedError(Exception):
    """The other side ended the connection or answered a call with an error."""


async def close(writer: asyncio.StreamWriter) -> None:
    """Closes our end of a connection, whatever the other end does."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


class Peer:
    """One connection to a server on 127.0.0.1; use it as an async context manager.

    Requests of the server are answered with an error, but for those whose dotted name is in `serves`:
    their call ids are put into `requests`.
    """

    def __init__(
        self, keys: Keys, server: bytes, port: int, shs: bytes, *, serves: Sequence[str] = ()
    ) -> None:
        self.keys = keys
        self.requests: asyncio.Queue[Request] = asyncio.Queue()
        self.closed = asyncio.Event()
        self._handshake = Client(shs, keys.public, keys.secret, server, os.urandom(32))
        self._port = port
        self._serves = serves
        self._events: dict[int, asyncio.Queue[Event]] = {}

    async def __aenter__(self) -> Self:
        self._reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        while self._handshake.outcome is None:
            self.writer.write(self._handshake.data_to_send())
            data = await self._read()
            if not data:
                await close(self.writer)
                raise RefusedError("the server hung up during the handshake")
            self._handshake.receive_data(data)
        outcome = self._handshake.outcome
        self.sealer = Sealer(outcome.encrypt_key, outcome.encrypt_nonce)
        self._opener = Opener(outcome.decrypt_key, outcome.decrypt_nonce)
        self.session = Session()
        self._task = asyncio.ensure_future(self._run(self._handshake.leftover))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await close(self.writer)

    async def value(self, name: str, *args: object) -> Any:
        """Value of an async method of the server.

        Raises:
            RefusedError, TimeoutError: there is none.
        """
        number = self.call("async", name, *args)
        async with asyncio.timeout(PATIENCE_S):
            event = await self.event(number)
        if isinstance(event, Value):
            return orjson.loads(event.body)
        raise RefusedError(str(event))

    async def items(self, name: str, *args: object) -> list[Any]:
        """All items of a source of the server that ends."""
        number = self.call("source", name, *args)
        found: list[Any] = []
        async with asyncio.timeout(PATIENCE_S):
            while isinstance(event := await self.event(number), Items):
                found.extend(orjson.loads(body) for body in event.bodies)
        if isinstance(event, Ended) and event.failure is None:
            return found
        raise RefusedError(str(event))

    def call(self, shape: str, name: str, *args: object) -> int:
        """Begins a call of any type; its events come from `event`."""
        number = self.session.call(shape, name.split("."), orjson.dumps(list(args)))  # type: ignore[arg-type]
        self._events[number] = asyncio.Queue()
        self.flush()
        return number

    async def event(self, number: int) -> Event:
        """The next event of a call."""
        return await self._events[number].get()

    def send(self, number: int, *items: bytes) -> None:
        """Sends JSON items into a call."""
        self.session.send(number, items)
        self.flush()

    def flush(self) -> None:
        """Sends what the session has queued."""
        self.writer.write(self.sealer.seal(self.session.data_to_send()))

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(READ_BYTES)
        except ConnectionError:
            return b""

    async def _run(self, data: bytes) -> None:
        while True:
            for plain in self._opener.feed(data):
                for event in self.session.receive_data(plain):
                    self._take(event)
            self.flush()
            data = await self._read()
            if not data or self._opener.end:
                break
        self.closed.set()
        for queue in self._events.values():
            queue.put_nowait(Closed("the connection ended"))

    def _take(self, event: Event) -> None:
        if isinstance(event, Request):
            if ".".join(event.name) in self._serves:
                self._events[event.call] = asyncio.Queue()
                self.requests.put_nowait(event)
            else:
                self.session.fail(
                    event.call, f"method:{','.join(event.name)} is not in list of allowed methods"
                )
        elif isinstance(event, Closed):
            return
        elif event.call in self._events:
            self._events[event.call].put_nowait(event)
