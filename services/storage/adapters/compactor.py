"""Gives back the room of what was deleted, in a thread, some time after its followers have removed it.

Knows stretches of the log and waits; must never know messages. Made by the composition; the handlers say when there
may be something to do.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Self

from common.runtime.threads import in_thread
from common.store import StoreError
from services.storage.adapters.database import Database

__all__ = ["Compactor"]

CALM_SECONDS: Final = 5.0
"""What is deleted within this time shares the work: a stretch is read and written whole."""
logger = logging.getLogger(__name__)


class Compactor:
    """One stretch at a time; use it as a context manager, inside a running loop."""

    def __init__(self, database: Database, calm: float = CALM_SECONDS) -> None:
        self._database = database
        self._erasures = database.erasures
        self._calm = calm
        self._wanted = asyncio.Event()
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._wanted.set()
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait for the stretch that is under way; the rest is done after the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        async with self._lock:
            pass

    def look(self) -> None:
        """There may be room to give back."""
        self._wanted.set()

    async def compact(self, family: str, start: bytes, end: bytes | None) -> None:
        """Compact a range of keys now.

        Raises: StoreError.
        """
        await self._in_thread(lambda: self._database.compact(family, start, end))

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            await asyncio.sleep(self._calm)
            self._wanted.clear()
            for stretch in self._erasures.sparse():
                try:
                    await self._in_thread(partial(self._erasures.compact, stretch))
                    self._erasures.compacted(stretch)
                except StoreError as error:
                    logger.warning("the room of deleted messages is not given back: %s", error)
                    break

    async def _in_thread(self, work: Callable[[], None]) -> None:
        async with self._lock:
            await in_thread(work)
