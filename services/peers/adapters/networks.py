"""The workers of `network`: who is connected through them, dialling and closing.

Knows the methods `connections.*` and that there may be several workers. Must never decide whom or when.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from common.bus import BusError, Node, again
from common.runtime.workers import worker_of
from services.peers.spread import Spread

__all__ = ["Networks"]

log = logging.getLogger(__name__)

MARGIN_MS = 10_000
"""Network ends a dial itself, and says better why."""

Changed = Callable[[dict[str, Any]], None]
Lost = Callable[[Callable[[str], bool]], None]


class Networks:
    """All workers; `changed` is told each change, `lost` which connections went away with a worker."""

    def __init__(self, node: Node, spread: Spread, changed: Changed, lost: Lost) -> None:
        self._node = node
        self._spread = spread
        self._changed = changed
        self._lost = lost

    @property
    def is_up(self) -> bool:
        """Whether any worker can dial."""
        return any(map(self._node.is_up, self._spread.workers))

    def followers(self) -> list[Coroutine[Any, Any, None]]:
        """What follows each worker for ever."""
        return [self._follow(worker) for worker in self._spread.workers]

    async def dial(self, address: str, patience_ms: int) -> str:
        """Dial an address; answers the name of the connection.

        Raises:
            BusError: it could not be reached, in the words for who asked.
        """
        worker = self._spread.least(self._node.is_up)
        reply = await self._node.call(
            worker,
            "connections.dial",
            address,
            {"seconds": patience_ms / 1000},
            deadline_ms=patience_ms + MARGIN_MS,
        )
        return str(reply.json()["connection"])

    async def close(self, connections: Iterable[str], reason: str) -> None:
        """Close connections; those that are gone are no error, nor is a worker that is away."""
        for connection in tuple(connections):
            wanted = {"connection": connection, "reason": reason}
            try:
                await self._node.call(worker_of(connection), "connections.close", wanted)
            except BusError as error:
                log.debug("not closed", extra={"fields": {"reason": error.message}})

    async def _follow(self, worker: str) -> None:
        async def once() -> None:
            async with self._node.source(worker, "connections.changes", {}) as stream:
                async for batch in stream:
                    for change in batch.json():
                        self._take(change)

        def lost() -> None:
            self._spread.lost(worker)
            self._lost(lambda connection: worker_of(connection) == worker)

        await again(self._node, worker, once, lost=lost)

    def _take(self, change: dict[str, Any]) -> None:
        if change["type"] == "connected":
            self._spread.connected(change["connection"])
        else:
            self._spread.disconnected(change["connection"])
        self._changed(change)
