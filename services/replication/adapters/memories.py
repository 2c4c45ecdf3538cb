"""What each peer had of each feed when its last session ended, in files, as ssb-ebt keeps it (lossy-store).

Knows one folder, `ebt` in the data folder, with a JSON file `{feed: sequence}` for each peer. Must never know
sessions. Called by the hub. What is lost or damaged is told by the peer again: nothing here is flushed to the disk,
and no file that cannot be read stops anything.
"""

import asyncio
import logging
import os
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson

from common.refs import FeedId, is_feed

LOGGER = logging.getLogger(__name__)

FOLDER: Final = "ebt"
MAX_BYTES: Final = 16 << 20
"""Of one file: some 250,000 feeds."""
MAX_FILES: Final = 4_096
"""Peers remembered; the oldest files are removed."""
MAX_TOTAL_BYTES: Final = 256 << 20
"""Of all files: keys are free, and each peer may leave one."""
MAX_SEQUENCE: Final = 1 << 53
MAX_NAMED: Final = 1_000
"""Damaged files that are named in the log, each once."""
_NEW: Final = ".new"


class Memories:
    """The folder; writing goes on behind, and only the newest clock of a peer is written."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._pending: dict[FeedId, Mapping[FeedId, int]] = {}
        self._writer = ThreadPoolExecutor(1, "memories")
        self._task: asyncio.Task[None] | None = None
        self._sizes: dict[str, int] | None = None
        """Files by name, oldest first; only the writer's thread looks at it."""
        self._named: set[str] = set()

    async def load(self, peer: FeedId) -> Mapping[FeedId, int]:
        """What the peer had; nothing where that is not known."""
        pending = self._pending.get(peer)
        return pending if pending is not None else await asyncio.to_thread(self._read, peer)

    def keep(self, peer: FeedId, clock: Mapping[FeedId, int]) -> None:
        """Remembers what the peer has; an empty clock is forgotten."""
        self._pending[peer] = clock
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write_pending())

    def forget(self, peer: FeedId) -> None:
        """The peer is told everything when it comes again."""
        self.keep(peer, {})

    async def close(self) -> None:
        """Writes what waits."""
        if self._task is not None:
            await self._task
        self._writer.shutdown()

    async def _write_pending(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            peer, clock = next(iter(self._pending.items()))
            try:
                await loop.run_in_executor(self._writer, self._write, _name(peer), clock)
            except OSError as error:
                self._name("the folder cannot be written", str(self._folder), error)
            if self._pending.get(peer) is clock:
                del self._pending[peer]

    def _read(self, peer: FeedId) -> dict[FeedId, int]:
        path = self._folder / _name(peer)
        try:
            return clean(orjson.loads(_bytes_of(path)))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self._name("a remembered clock is not used", path.name, error)
            return {}

    def _write(self, name: str, clock: Mapping[FeedId, int]) -> None:
        sizes = self._files()
        path = self._folder / name
        raw = orjson.dumps(dict(clock))
        if not clock or len(raw) > MAX_BYTES:
            path.unlink(missing_ok=True)
            sizes.pop(name, None)
            return
        new = path.with_name(name + _NEW)
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(raw)
        new.replace(path)
        sizes.pop(name, None)
        sizes[name] = len(raw)
        while len(sizes) > MAX_FILES or sum(sizes.values()) > MAX_TOTAL_BYTES:
            oldest = next(iter(sizes))
            (self._folder / oldest).unlink(missing_ok=True)
            del sizes[oldest]

    def _files(self) -> dict[str, int]:
        """The files of peers that are there, when they are counted first; nothing else is ever removed."""
        if self._sizes is None:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            found = []
            for entry in os.scandir(self._folder):
                if _is_ours(entry.name.removesuffix(_NEW)):
                    with suppress(FileNotFoundError):  # another worker has just renamed it
                        info = entry.stat(follow_symlinks=False)
                        found.append((info.st_mtime, entry.name, info.st_size))
            self._sizes = {name: size for _, name, size in sorted(found)}
        return self._sizes

    def _name(self, what: str, name: str, error: Exception) -> None:
        if name not in self._named and len(self._named) < MAX_NAMED:
            self._named.add(name)
            LOGGER.warning("%s: %s: %s", what, name, error)


def clean(value: Any) -> dict[FeedId, int]:
    """The clock in a file: feeds and the sequences they had; refusals and what is neither are left out.

    Raises:
        ValueError: it is no object.
    """
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004  a wrong value of a file, not of a caller
    return {
        FeedId(feed): sequence
        for feed, sequence in value.items()
        if is_feed(feed) and type(sequence) is int and 0 <= sequence < MAX_SEQUENCE
    }


def _name(peer: FeedId) -> str:
    """As `escape` of base64-url makes it of an id."""
    return peer.replace("+", "-").replace("/", "_").replace("=", "")


def _is_ours(name: str) -> bool:
    key = name[1:].removesuffix(".ed25519")
    return is_feed("@" + key.replace("-", "+").replace("_", "/") + "=.ed25519") and name[0] == "@"


def _bytes_of(path: Path) -> bytes:
    """The bytes of a plain file.

    Raises:
        OSError: it cannot be opened; it is a link.
        ValueError: it is no plain file, or too large.
    """
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise ValueError("no plain file")
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    return raw
