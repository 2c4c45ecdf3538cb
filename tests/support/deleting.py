"""Publishes and deletes through muxrpc, whatever becomes of the server; keeps what was acknowledged."""

import asyncio
import random
from typing import Any

from tests.support.peer import Peer, RefusedError
from tests.support.publishing import PATIENCE_S, RETRY_S, Publisher

SHARE = 0.4


class Deleter:
    """Deletes some of what it publishes; a deletion that was not answered is asked for again."""

    def __init__(self, publisher: Publisher, seed: int) -> None:
        self.kept: dict[str, str] = {}
        """Ids and texts of what must be there."""
        self.deleted: dict[str, str] = {}
        self._publisher = publisher
        self._random = random.Random(seed)
        self._n = 0
        self._stopping = False

    async def run(self) -> None:
        """Go on until `stop`."""
        while not self._stopping:
            try:
                async with self._publisher.client() as peer:
                    while not (self._stopping or peer.closed.is_set()):
                        await self._step(peer)
            except (OSError, RefusedError, TimeoutError):
                await asyncio.sleep(RETRY_S)

    def stop(self) -> None:
        """End with the question that is under way."""
        self._stopping = True

    async def finish(self) -> bool:
        """Ask once more for all deletions; whether all were answered."""
        try:
            async with self._publisher.client() as peer:
                for key in self.deleted:
                    await self._ask(peer, key)
        except (OSError, RefusedError, TimeoutError):
            return False
        return True

    async def _step(self, peer: Peer) -> None:
        self._n += 1
        text = f"deletable {self._n}"
        message = await self._value(peer, "publish", {"type": "post", "text": text})
        self.kept[message["key"]] = text
        if self._random.random() < SHARE:
            await self._delete(peer, self._random.choice(list(self.kept)))

    async def _delete(self, peer: Peer, key: str) -> None:
        self.deleted[key] = self.kept.pop(key)  # from the question on it may be gone
        await self._ask(peer, key)

    async def _ask(self, peer: Peer, key: str) -> None:
        try:
            await self._value(peer, "del", key)
        except RefusedError as error:
            if "Key not found" not in str(error):  # it is gone: an answer before was lost
                raise

    async def _value(self, peer: Peer, name: str, *args: object) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await peer.value(name, *args)
