"""`blobs.add`: the bytes of a file or of standard input, and the id they have.

Knows hashing alone: muxrpc's sinks give no value back, so that the id is made here, as ssb-server's command line
does. Called by `__main__`.
"""

import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from common.refs import BlobId
from common.refs.ids import blob_id
from services.sbot.call import CHUNK, read_input
from services.sbot.command import CommandError

NAME = ("blobs", "add")
USAGE = """\
USAGE:
  blobs.add <filename> # add a file
  source | blobs.add   # read from stdin"""


class Upload:
    """What is sent, in pieces; the id is known when all of it has been."""

    def __init__(self, args: list[Any]) -> None:
        self._hash = sha256()
        self._name = str(args[0]) if args and not isinstance(args[0], dict) else None
        if self._name is None and sys.stdin.isatty():
            raise CommandError(USAGE)

    def __iter__(self) -> Iterator[bytes]:
        for data in self._pieces():
            self._hash.update(data)
            yield data

    @property
    def id(self) -> BlobId:
        """The id of what was sent."""
        return blob_id(self._hash.digest())

    @property
    def size(self) -> int | None:
        """Bytes of the file; None for standard input and for what is none."""
        if self._name is None or not Path(self._name).is_file():
            return None
        return Path(self._name).stat().st_size

    def _pieces(self) -> Iterator[bytes]:
        if self._name is None:
            yield from read_input()
            return
        try:
            with open(self._name, "rb") as file:  # noqa: PTH123  a name as it was typed
                while data := file.read(CHUNK):
                    yield data
        except OSError as error:
            raise CommandError(f"Error: {self._name}: {error.strerror}") from error
