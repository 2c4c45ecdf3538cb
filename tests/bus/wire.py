"""The bus without the bus: raw ZeroMQ sockets that say what a test wants said."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgpack
import zmq
import zmq.asyncio

from common.bus.frames import Kind, Message, decode, encode
from tests.support.waiting import PATIENCE_S

Endpoints = Callable[[str], str]
AT_ONCE_S = 5
"""Long before the silence of 10 s after which the other side counts as gone."""
INCARNATION = b"rawrawra"


class _Raw:
    def __init__(self, kind: int) -> None:
        self._context = zmq.asyncio.Context()
        self.socket = self._context.socket(kind)
        self.socket.linger = 0

    async def receive_frames(self) -> list[bytes]:
        async with asyncio.timeout(PATIENCE_S):
            frames: list[bytes] = await self.socket.recv_multipart()
            return frames

    def close(self) -> None:
        self.socket.close()
        self._context.destroy(linger=0)


class RawCaller(_Raw):
    """A DEALER connected to a service."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(zmq.DEALER)
        self.socket.connect(endpoint)
        self.incarnation = b""

    async def meet(self) -> Message:
        await self.send(Kind.HELLO, options={"incarnation": INCARNATION})
        hello = await self.receive()
        self.incarnation = hello.options["incarnation"]
        return hello

    async def send(
        self,
        kind: int,
        call: int = 0,
        method: str = "",
        options: Mapping[str, Any] | None = None,
        bodies: Sequence[bytes] = (),
    ) -> None:
        await self.socket.send_multipart(encode(kind, call, method, options or {}, bodies))

    async def send_header(self, *fields: object, block: bytes | None = None) -> None:
        frames = [msgpack.packb(fields)]
        await self.socket.send_multipart(frames if block is None else [*frames, block])

    async def call(
        self, call: int, method: str, shape: str = "async", args: bytes = b"[]", **options: Any
    ) -> None:
        known = {"type": shape, "incarnation": self.incarnation, **options}
        await self.send(Kind.CALL, call, method, known, [args])

    async def receive(self) -> Message:
        return decode(await self.receive_frames())


class RawService(_Raw):
    """A ROUTER bound as a service, for one caller."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(zmq.ROUTER)
        self.socket.bind(endpoint)
        self.identity = b""

    async def meet(self, manifest: Mapping[str, Any] | None = None) -> None:
        hello = await self.receive()
        assert hello.kind == Kind.HELLO
        options = {"incarnation": INCARNATION, "manifest": manifest or {}}
        await self.send(Kind.HELLO, options=options)

    async def send(
        self,
        kind: int,
        call: int = 0,
        options: Mapping[str, Any] | None = None,
        bodies: Sequence[bytes] = (),
    ) -> None:
        await self.send_frames(*encode(kind, call, "", options or {}, bodies))

    async def send_frames(self, *frames: bytes) -> None:
        await self.socket.send_multipart([self.identity, *frames])

    async def receive(self, *, skip: tuple[int, ...] = ()) -> Message:
        while True:
            self.identity, *frames = await self.receive_frames()
            message = decode(frames)
            if message.kind not in skip:
                return message
