"""A healthy peer played by hand: it sends over EBT what it is asked for, as fast as it is taken."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

import orjson

from common.crypto.keys import Keys
from common.wire.events import Items
from tests.support.peer import Peer
from tests.support.siege import Feed, Target

BATCH = 25


class Healthy:
    """One session that offers feeds; `run` ends when the connection does."""

    def __init__(self, feeds: Sequence[Feed], pause: float = 0.0) -> None:
        self._feeds: Mapping[str, Feed] = {feed.keys.id: feed for feed in feeds}
        self._pause = pause
        self._next: dict[str, int] = {}
        self._asked = asyncio.Event()
        self.end = ""
        """How the server ended the session."""

    async def run(self, target: Target, keys: Keys) -> None:
        """Offers everything and sends what is asked for."""
        async with Peer(keys, target.public, target.port, target.shs) as peer:
            number = peer.call("duplex", "ebt.replicate", {"version": 3, "format": "classic"})
            hearing = asyncio.ensure_future(self._hear(peer, number))
            notes = {feed: len(each.messages) << 1 | 1 for feed, each in self._feeds.items()}
            peer.send(number, orjson.dumps(notes))
            try:
                await self._send(peer, number)
            finally:
                hearing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await hearing

    async def _hear(self, peer: Peer, number: int) -> None:
        while isinstance(event := await peer.event(number), Items):
            for body in event.bodies:
                self._take(orjson.loads(body))
        self.end = repr(event)
        peer.closed.set()
        self._asked.set()

    def _take(self, said: dict[str, int]) -> None:
        for feed, note in said.items():
            if feed in self._feeds:
                if note >= 0 and not note & 1:
                    self._next[feed] = note >> 1
                else:
                    self._next.pop(feed, None)
        self._asked.set()

    async def _send(self, peer: Peer, number: int) -> None:
        while not peer.closed.is_set():
            self._asked.clear()
            for feed in list(self._next):
                at = self._next.get(feed, 1 << 30)
                batch = self._feeds[feed].messages[at : at + BATCH]
                if batch:
                    self._next[feed] = at + len(batch)
                    peer.send(number, *batch)
                    await peer.writer.drain()
                    await asyncio.sleep(self._pause)
            if all(at >= len(self._feeds[feed].messages) for feed, at in self._next.items()):
                await self._asked.wait()
