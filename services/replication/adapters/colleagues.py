"""The other workers of `replication`: the first one speaks for all, the others do what it was asked for.

Knows the methods that workers offer each other; decides nothing of replication. Made by the composition; the
handlers ask it when clients want to know of all peers.
"""

import asyncio
import logging
from typing import Any, Final

from common.bus import BusError, Node, again
from services.replication.model import Wishes
from services.replication.requests import Asked, asked_of
from services.replication.share import Share

__all__ = ["Colleagues"]

LOGGER = logging.getLogger(__name__)

PATIENCE_MS: Final = 2_000
"""For an answer of one of them: what clients are told is then of the others only."""


class Colleagues:
    """All workers but this one, as far as it talks to them."""

    def __init__(self, node: Node, share: Share, wishes: Wishes) -> None:
        self._node = node
        self._others = share.colleagues
        self._is_first = share.is_first
        self._wishes = wishes
        #: The newest item of `replicate.changes` of each other worker; of the first worker alone.
        self.told: dict[str, dict[str, Any]] = {}

    async def follow(self) -> None:
        """Keeps in step with the others, for ever.

        Others do what the first is asked for; a first that was started anew takes over what they still know.
        """
        async with asyncio.TaskGroup() as tasks:
            for worker in self._others:
                if self._is_first:
                    tasks.create_task(self._inherit(worker))
                    tasks.create_task(self._hear_progress(worker))
                else:
                    tasks.create_task(self._obey(worker))

    async def gather(self, method: str, *args: object) -> list[Any]:
        """What each of the others answers, of those that do; nothing for a worker that is not the first."""
        if not self._is_first:
            return []
        answers = await asyncio.gather(*(self._ask(one, method, args) for one in self._others))
        return [answer for answer in answers if answer is not None]

    async def _ask(self, worker: str, method: str, args: tuple[object, ...]) -> Any:
        try:
            reply = await self._node.call(worker, method, *args, deadline_ms=PATIENCE_MS)
            return reply.json()
        except BusError as error:
            LOGGER.info("%s does not answer: %s", worker, error)
            return None

    async def _obey(self, worker: str) -> None:
        async def once() -> None:
            async with self._node.source(worker, "requests.read", {}) as stream:
                async for batch in stream:
                    for item in batch.json():
                        self._take(asked_of(item))

        await again(self._node, worker, once)

    async def _inherit(self, worker: str) -> None:
        """Takes over what a worker that has lived on was asked for, where nothing newer was said here."""
        try:
            await self._node.wait_up(worker)
            async with self._node.source(worker, "requests.read", {}) as stream:
                async for batch in stream:
                    for item in batch.json():
                        if item.get("sync"):
                            return
                        asked = asked_of(item)
                        if asked is not None and not self._wishes.requests.knows(asked):
                            self._take(asked)
        except BusError as error:
            LOGGER.info("%s has nothing to tell: %s", worker, error)

    async def _hear_progress(self, worker: str) -> None:
        async def once() -> None:
            async with self._node.source(worker, "replicate.changes") as stream:
                async for batch in stream:
                    self.told[worker] = batch.json()[-1]

        await again(self._node, worker, once, lost=lambda: self.told.pop(worker, None))

    def _take(self, asked: Asked | None) -> None:
        if asked is not None:
            self._wishes.ask(asked)
