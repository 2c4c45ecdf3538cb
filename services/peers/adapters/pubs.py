"""Follows the messages of type `pub` in the log, from where it was when the process ended.

Knows the stream `messagesByType` of indexing, and a file with the time up to which it was read. Must never know
what an announcement is worth.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from common.bus import Node, again
from common.runtime.whole_file import put_whole
from services.peers.adapters.files import BookFile, read_json
from services.peers.model.announced import Announcements

__all__ = ["Pubs"]

log = logging.getLogger(__name__)


SAVE_SECONDS = 5.0
"""How often the place is written; what was read after it is read again after a crash, which is no harm."""


class Pubs:
    """Reads announcements for ever; `clock` tells ms since 1970."""

    def __init__(
        self,
        node: Node,
        announcements: Announcements,
        book: BookFile,
        *,
        folder: Path,
        clock: Callable[[], int],
        tell: Callable[[], None],
    ) -> None:
        self._node = node
        self._announcements = announcements
        self._book = book
        self._path = folder / "scuttlebot" / "peers.json"
        self._clock = clock
        self._tell = tell
        self._after = 0.0
        self._written = 0.0

    async def follow(self) -> None:
        """Read what was announced, and then what is; a new book has everything told again."""
        self._after = self._written = 0.0 if self._book.is_new else self._place()
        await again(self._node, "indexing", self._follow_once)

    async def save(self) -> None:
        """Write the place, after the book that holds what came before it."""
        if self._after == self._written:
            return
        await self._book.save()
        text = orjson.dumps({"pubs": {"after": self._after}})
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            await asyncio.to_thread(put_whole, self._path, text)
            self._written = self._after
        except OSError as error:
            fields = {"reason": error.strerror}
            log.debug("%s cannot be written", self._path, extra={"fields": fields})

    async def save_often(self) -> None:
        """Write the place for ever."""
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            await self.save()

    async def _follow_once(self) -> None:
        wanted = {"type": "pub", "live": True, "sync": False, "gt": self._after}
        async with self._node.source("indexing", "messagesByType", wanted) as stream:
            async for batch in stream:
                for message in batch.json():
                    self._take(message)
                self._tell()

    def _take(self, message: dict[str, Any]) -> None:
        value, received = message.get("value"), message.get("timestamp")
        if not isinstance(value, dict) or not isinstance(received, int | float):
            return
        self._announcements.take(str(value.get("author")), value.get("content"), self._clock())
        self._after = max(self._after, received)

    def _place(self) -> float:
        try:
            found = orjson.loads(read_json(self._path) or b"")["pubs"]["after"]
            return float(found)
        except (OSError, ValueError, TypeError, KeyError):
            return 0.0
