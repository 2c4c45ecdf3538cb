"""The book on disk: conn.json as ssb-conn-db writes it, made from gossip.json where there is none.

Knows the two files, and that what stands in them may be anything. Must never know what the entries mean.
"""

import asyncio
import logging
import stat
from collections.abc import Callable
from pathlib import Path

import orjson

from common.runtime.whole_file import put_whole
from services.peers.model.book import Book, migrated

__all__ = ["BookFile", "read_json"]

log = logging.getLogger(__name__)

DELAY_SECONDS = 0.5
"""From a change to its writing: a process that is killed loses less than a second."""

MAX_FILE_BYTES = 64 << 20
"""Ten thousand entries of ssb-conn-db take 5 MB."""

MAX_TRIMMED = 10
"""So many bytes ssb-conn-db takes off the end of a file that a broken writer left longer than it should be."""


class BookFile:
    """Loads the book once, and writes it whenever it changed; `now` tells ms since 1970."""

    def __init__(self, folder: Path, book: Book, now: Callable[[], int]) -> None:
        self._path = folder / "conn.json"
        self._legacy = folder / "gossip.json"
        self._book = book
        self._now = now
        self._changed = asyncio.Event()
        self._trouble: str | None = None
        self._readable = True
        #: Whether nothing that was learned before is in it.
        self.is_new = False

    def load(self) -> None:
        """Fill the book from the disk; what is damaged is put aside under a name that is logged."""
        try:
            document, exists = self._read()
        except OSError as error:
            log.warning("%s cannot be read: %s", self._path, error.strerror)
            self._readable = False
            return
        if not exists:
            self.is_new = True
            document = self._migrated()
        refused = self._book.load(document)
        if refused:
            fields = {"count": len(refused), "first": refused[0]}
            log.warning("%s: some entries are none", self._path, extra={"fields": fields})
        self._book.changed = self._changed.set
        if not exists:
            self._changed.set()

    async def follow(self) -> None:
        """Write for ever; a disk that takes nothing is told once, and tried again."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(DELAY_SECONDS)
            await self.save()

    async def save(self) -> None:
        """Write now what changed."""
        if not self._changed.is_set() or not self._readable:
            self._changed.clear()
            return
        self._changed.clear()
        text = orjson.dumps(self._book.dump(), option=orjson.OPT_INDENT_2)
        try:
            await asyncio.to_thread(put_whole, self._path, text)
            self._trouble = None
        except OSError as error:
            if self._trouble is None:
                log.warning("%s cannot be written: %s", self._path, error.strerror)
            self._trouble = error.strerror
            self._changed.set()

    def _read(self) -> tuple[object, bool]:
        try:
            text = read_json(self._path)
        except FileNotFoundError:
            return {}, False
        if text is None:
            return self._put_aside("too large"), True
        for trimmed in range(min(MAX_TRIMMED, len(text))):
            try:
                document = orjson.loads(text[: len(text) - trimmed])
            except orjson.JSONDecodeError:
                continue
            if not isinstance(document, dict):
                break
            if trimmed:
                log.warning("%s: %d bytes too many were cut off", self._path, trimmed)
            return document, True
        return (self._put_aside("no address book"), True) if text else ({}, True)

    def _put_aside(self, reason: str) -> object:
        aside = self._path.with_name(f"{self._path.name}.damaged-{self._now()}")
        self._path.rename(aside)
        log.warning("%s is %s: it was put aside as %s", self._path, reason, aside.name)
        self.is_new = True
        self._changed.set()
        return {}

    def _migrated(self) -> object:
        try:
            text = read_json(self._legacy)
        except FileNotFoundError:
            return {}
        except OSError as error:
            log.warning("%s cannot be read: %s", self._legacy, error.strerror)
            return {}
        try:
            found, unknown = migrated(orjson.loads(text or b""), self._now())
        except orjson.JSONDecodeError:
            log.warning("%s is no list of peers: it is left as it is", self._legacy)
            return {}
        fields = {"entries": len(found), "left_out": unknown}
        log.info("%s was read into %s", self._legacy, self._path.name, extra={"fields": fields})
        return found


def read_json(path: Path) -> bytes | None:
    """The bytes of a file, None when they are too many.

    Raises:
        OSError: it is not there, no plain file, or cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "no plain file")
    with path.open("rb") as file:
        text = file.read(MAX_FILE_BYTES + 1)
    return None if len(text) > MAX_FILE_BYTES else text
