"""Publishes through muxrpc for as long as wanted, whatever becomes of the server; keeps what was acknowledged."""

import asyncio
from collections.abc import Sequence
from typing import Any

from common.refs import raw
from tests.support.peer import Peer, RefusedError
from tests.support.servers import SHS_BYTES, OurServer
from tests.support.wholeness import keys_of

RETRY_S = 0.05
PATIENCE_S = 10.0


class Publisher:
    """Our own client over TCP; connects again when the connection ends."""

    def __init__(self, server: OurServer, *, in_flight: int, pause: float = 0.0) -> None:
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._server = server
        self._in_flight = in_flight
        self._pause = pause
        self._next = 0

    def client(self) -> Peer:
        """A connection as the owner."""
        keys = keys_of(self._server.folder)
        return Peer(keys, raw(keys.id), self._server.port, SHS_BYTES)

    def start(self) -> None:
        """Publish until `stop`."""
        self._stopping = False
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End what `start` began; a task group that just failed loses a cancellation, the flag does not."""
        assert self._task is not None
        self._stopping = True
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while not self._stopping:
            try:
                async with self.client() as peer, asyncio.TaskGroup() as tasks:
                    for _ in range(self._in_flight):
                        tasks.create_task(self._publish(peer))
                    await peer.closed.wait()
                    raise ConnectionError
            except* (OSError, RefusedError, TimeoutError):
                await asyncio.sleep(RETRY_S)

    async def _publish(self, peer: Peer) -> None:
        while not peer.closed.is_set():
            self._next += 1
            text = f"text {self._next}"
            content = {"type": "post", "text": text}
            try:
                async with asyncio.timeout(PATIENCE_S):
                    message = await peer.value("publish", content)
            except RefusedError as error:
                self.refused.append(str(error))
                await asyncio.sleep(RETRY_S)
                continue
            assert message["value"]["content"] == content
            self.acknowledged.append(text)
            await asyncio.sleep(self._pause)

    async def ask(self, name: str, *args: object) -> Any:
        """The value of a method; None while the server or the service is away."""
        try:
            async with asyncio.timeout(PATIENCE_S), self.client() as peer:
                return await peer.value(name, *args)
        except (OSError, RefusedError, TimeoutError):
            return None

    async def whole(self, feeds: Sequence[str] = (), messages: int = 0) -> bool:
        """Whether all services are ready, the views are at the end of the log, and these feeds are there."""
        status, clock = await self.ask("status"), await self.ask("getVectorClock")
        if status is None or clock is None:
            return False
        ready = all(service["ready"] for service in status["services"].values())
        held = sum(clock.get(feed, 0) for feed in feeds)
        return bool(ready and status["sync"]["sync"] and held >= messages)
