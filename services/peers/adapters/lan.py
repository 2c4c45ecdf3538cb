"""The local network: says who we are every other second, and hears who else is there.

Knows both ports and whom to tell; must never decide whom to dial. Started by the actor, and by `lan.start`.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from common.bus import BusError, Node
from common.crypto.keys import Keys
from common.runtime import interfaces
from services.peers.adapters.broadcast import Broadcast, open_broadcast
from services.peers.model.beacon import Discovery, boxed, plain, read_boxed, read_plain

__all__ = ["BOXED_PORT", "Lan"]

LOGGER = logging.getLogger("lan")
BOXED_PORT: Final = 26_830
"""ssb-lan's."""
EVERY_SECONDS: Final = 2.0
MAX_HEARD: Final = 200
"""Calls that are looked at between two of ours: a hundred servers, of which each makes one of each form."""


class Lan:
    """Both forms, as long as they are turned on. `found` is told of everybody heard, again and again."""

    def __init__(
        self,
        node: Node,
        keys: Keys,
        network_key: bytes,
        found: Callable[[Discovery], None],
        *,
        legacy_ports: tuple[int, ...],
    ) -> None:
        self._node = node
        self._keys = keys
        self._network_key = network_key
        self._found = found
        self._legacy_ports = legacy_ports
        self._task: asyncio.Task[None] | None = None
        self._heard = 0
        self.listeners: list[Callable[[Discovery], None]] = []

    def start(self) -> None:
        """Begin to call and to listen, if that is not done already."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Be silent and deaf."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        opened: list[Broadcast] = []
        plains: list[Broadcast] = []
        try:
            sealed = await open_broadcast(BOXED_PORT, self._hear_boxed)
            opened += [] if sealed is None else [sealed]
            for port in self._legacy_ports:
                found = await open_broadcast(port, self._hear_plain)
                plains += [] if found is None else [found]
            opened += plains
            while True:
                await self._call(sealed, plains)
                await asyncio.sleep(EVERY_SECONDS)
                self._heard = 0
        finally:
            for each in opened:
                each.close()

    async def _call(self, sealed: Broadcast | None, plains: list[Broadcast]) -> None:
        destinations = interfaces.broadcasts()
        address = await self._address() if destinations else None
        if address is None:
            return
        if sealed is not None:
            sealed.shout(boxed(address, self._keys, self._network_key), destinations)
        for each in plains:
            each.shout(plain(address), destinations)

    async def _address(self) -> str | None:
        """Where others on the local network find us; None where nothing listens for them."""
        with suppress(BusError):
            for scope in ("private", "local"):
                reply = await self._node.call("network", "address", scope)
                if isinstance(address := reply.json(), str):
                    return address
        return None

    def _hear_boxed(self, data: bytes) -> None:
        self._hear(data, lambda: read_boxed(data, self._network_key))

    def _hear_plain(self, data: bytes) -> None:
        self._hear(data, lambda: read_plain(data))

    def _hear(self, data: bytes, read: Callable[[], Discovery | None]) -> None:
        self._heard += 1
        if self._heard > MAX_HEARD or not data:
            return
        discovery = read()
        if discovery is None or discovery.key == self._keys.id:
            return
        self._found(discovery)
        for listener in self.listeners:
            listener(discovery)
