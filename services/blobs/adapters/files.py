"""The files of the blobs: `blobs/sha256/ab/cdef...`, the layout of multiblob, so that a folder of ssb-server is ours.

Knows paths and hashes; must never know who wants a blob. A blob appears under its name whole or not at all: it is
written beside, hashed on the way, flushed to the disk and renamed. Called by the hub and the handlers.
"""

import logging
import os
import re
import shutil
from collections.abc import Container, Iterator
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from common.refs import BlobId
from common.refs.ids import blob_id, raw
from common.store import free_bytes

__all__ = ["EMPTY", "Arrival", "Folder", "Meta", "Refused", "WrongHash"]

LOGGER = logging.getLogger("blobs")

EMPTY = blob_id(sha256().digest())
"""The blob without a byte: everybody has it."""

LOOK_BYTES = 1 << 20
"""How often a blob on its way in looks whether the disk still has room."""

_SHELF = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"[0-9a-f]{62}")


class WrongHash(Exception):  # noqa: N818  what is wrong is the hash
    """What arrived is another blob than the one that was expected."""


class Refused(Exception):  # noqa: N818  what arrived was refused
    """What arrived was taken down: it is not kept."""


class Meta(NamedTuple):
    """What `blobs.ls` and `blobs.meta` tell: size in bytes, and when the file was made, in ms since 1970."""

    id: BlobId
    size: int
    ts: float


class Folder:
    """The folder `blobs` of a data folder; it leaves `reserve` bytes of the disk free.

    What is in `refused` is not here, whatever lies on the disk.
    """

    def __init__(self, path: Path, reserve: int = 0) -> None:
        self.refused: Container[bytes] = ()
        self._reserve = reserve
        self._blobs = path / "sha256"
        self._arrivals = path / "tmp"
        self._count = 0
        shutil.rmtree(self._arrivals, ignore_errors=True)  # halves of before
        self._arrivals.mkdir(parents=True)
        self._blobs.mkdir(exist_ok=True)

    @property
    def path(self) -> Path:
        """Where the blobs lie."""
        return self._blobs

    def lack(self) -> str | None:
        """Why nothing can be taken in: the disk is nearly full; None when it is not."""
        if free_bytes(self._blobs) >= self._reserve:
            return None
        return f"less than {self._reserve >> 20} MiB of the disk are free (blobs.reserve)"

    def meta(self, blob: BlobId) -> Meta | None:
        """Size and time of a blob; None when it is not here."""
        if raw(blob) in self.refused:
            return None
        if blob == EMPTY:
            return Meta(blob, 0, 0)
        try:
            found = self._place(blob).stat()
        except OSError:
            return None
        return Meta(blob, found.st_size, found.st_ctime_ns / 1e6)

    def size(self, blob: BlobId) -> int | None:
        """Size of a blob in bytes; None when it is not here."""
        meta = self.meta(blob)
        return None if meta is None else meta.size

    def open(self, blob: BlobId) -> int | None:
        """A descriptor to read a blob with, which the caller closes; None when it is not here or empty."""
        if raw(blob) in self.refused:
            return None
        try:
            return os.open(self._place(blob), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None

    def receive(self) -> "Arrival":
        """Begin to take a blob in; an OSError says that the disk does not."""
        self.check_room()
        self._count += 1
        return Arrival(self, self._arrivals / str(self._count))

    def check_room(self) -> None:
        """Raise the OSError of a full disk while there is less room than what stays free."""
        lack = self.lack()
        if lack is not None:
            raise OSError(ENOSPC, lack)

    def remove(self, blob: BlobId) -> bool:
        """Delete a blob; false when it is not here."""
        try:
            self._place(blob).unlink()
        except FileNotFoundError:
            return False
        return True

    def shelves(self) -> Iterator[list[BlobId]]:
        """All blobs in the order of their hashes, a list for each folder of files; strange names are left out."""
        for shelf in sorted(_names(self._blobs, _SHELF)):
            names = sorted(_names(self._blobs / shelf, _NAME))
            yield [blob_id(bytes.fromhex(shelf + name)) for name in names]

    def shelve(self, arrival: Path, blob: BlobId) -> None:
        """Give a whole file its name, so that it stays through a power cut."""
        place = self._place(blob)
        place.parent.mkdir(exist_ok=True)
        arrival.rename(place)
        _flush_folder(place.parent)

    def _place(self, blob: BlobId) -> Path:
        name = raw(blob).hex()
        return self._blobs / name[:2] / name[2:]


class Arrival:
    """A blob on its way in, until it is finished or discarded."""

    def __init__(self, folder: Folder, path: Path) -> None:
        self._folder = folder
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._hash = sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes; an OSError says that the disk does not."""
        if (self.size + len(data)) // LOOK_BYTES > self.size // LOOK_BYTES:
            self._folder.check_room()
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._hash.update(data)
        self.size += len(data)

    def finish(self, expected: BlobId | None = None) -> BlobId:
        """Flush the file to the disk and give it its name.

        Raises:
            WrongHash: it is not the blob that was expected; nothing is kept.
            Refused: it was taken down.
            OSError: the disk does not take it.
        """
        blob = blob_id(self._hash.digest())
        if expected is not None and blob != expected:
            raise WrongHash(f"actual hash:{blob} did not match expected id:{expected}")
        if raw(blob) in self._folder.refused:
            raise Refused(f"{blob} was taken down here")
        if blob != EMPTY:
            os.fsync(self._file.fileno())
            self._folder.shelve(self._path, blob)
        self.discard()
        return blob

    def discard(self) -> None:
        """Throw away what came, if it has not got its name; a second time does nothing."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _names(folder: Path, pattern: re.Pattern[str]) -> list[str]:
    try:
        return [each.name for each in folder.iterdir() if pattern.fullmatch(each.name)]
    except OSError as error:
        LOGGER.warning("%s cannot be listed: %s", folder, error.strerror)
        return []


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
