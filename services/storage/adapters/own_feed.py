"""How far our own feed was acknowledged, kept beside the database: a feed that lost its end must not go on.

Knows one small file. A database that lost what it had acknowledged (damage, an old copy of its folder) opens
as if nothing had happened, and the next message would fork our feed for ever. Called by the handler of
`publish`; the file is not flushed to disk: it guards against the loss of what was.
"""

import logging
import os
from pathlib import Path
from struct import Struct
from typing import Self
from zlib import crc32

from common.runtime.errors import StartError

__all__ = ["OwnFeed"]

FILE = Path(
    "scuttlebot", "own"
)  # not in the database's folder: what happens there must not happen here
_ENTRY = Struct(">QI")
logger = logging.getLogger(__name__)


class OwnFeed:
    """The greatest sequence of our feed that was acknowledged, in memory and in the file."""

    def __init__(self, data: Path) -> None:
        path = data / FILE
        try:
            path.parent.mkdir(exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"{path}: cannot be opened: {error.strerror}") from error
        raw = os.pread(self._file, _ENTRY.size, 0)
        sequence, checksum = _ENTRY.unpack(raw) if len(raw) == _ENTRY.size else (0, None)
        if raw and checksum != _checksum(sequence):
            logger.warning("%s is damaged and not used", path)
            sequence = 0
        self.sequence: int = sequence

    def note(self, sequence: int) -> None:
        """A message of our feed is on the disk and about to be acknowledged."""
        if sequence > self.sequence:
            self.sequence = sequence
            try:
                os.pwrite(self._file, _ENTRY.pack(sequence, _checksum(sequence)), 0)
            except OSError as error:
                logger.warning("the own sequence cannot be kept: %s", error.strerror)

    def lost(self, sequence: int) -> str | None:
        """Why a feed that ends here must not go on, if so."""
        if sequence >= self.sequence:
            return None
        return (
            f"our own feed ends at {sequence}, but {self.sequence} was published: it goes on when the rest"
            " came back from peers"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _checksum(sequence: int) -> int:
    return crc32(sequence.to_bytes(8))
