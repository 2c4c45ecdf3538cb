"""The invites that were made, in one file of the data folder: `scuttlebot/invites.json`.

Written whole and flushed before anything is answered: a use that was counted stays counted. Knows how many may be kept;
decides nothing else. Called by the handlers.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from common.bus import CallerError, OurError
from common.runtime.errors import StartError
from common.runtime.whole_file import put_whole
from services.api.invites import Code, state_of

__all__ = ["FILE", "Book", "open_book"]

LOGGER = logging.getLogger("api")
FILE = Path("scuttlebot", "invites.json")
MAX_CODES = 10_000
"""Kept at most; of those that nobody can use any more the oldest make room."""
MAX_FILE_BYTES = 64 << 20


class Book:
    """All invites by their id; `now` is in milliseconds since 1970."""

    def __init__(self, path: Path, codes: Mapping[str, Code], now: Callable[[], float]) -> None:
        self.codes = dict(codes)
        self._path = path
        self._now = now

    def put(self, code: Code) -> None:
        """Keep an invite, new or changed; on the disk when this returns.

        Raises:
            CallerError: there are too many that can still be used.
            OurError: the disk does not take it; then nothing has changed.
        """
        codes = self.codes | {code.id: code}
        if len(codes) > MAX_CODES:
            over = [one for one in codes.values() if state_of(one, self._now()) != "open"]
            if not over:
                raise CallerError(
                    f"there are {MAX_CODES} invites that can still be used", "refused"
                )
            del codes[min(over, key=lambda one: one.created).id]
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            put_whole(self._path, msgspec.json.encode(list(codes.values())))
        except OSError as error:
            raise OurError(f"{self._path}: {error.strerror}", "no_space") from error
        self.codes = codes


def open_book(data: Path, now: Callable[[], float]) -> Book:
    """Read the invites of a data folder; where there is no file there are none yet.

    Raises:
        StartError: the file is damaged: codes that were given out must not be forgotten silently.
    """
    path = data / FILE
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES)
        codes = msgspec.json.decode(text, type=list[Code])
    except FileNotFoundError:
        codes = []
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise StartError(
            f"{path} is damaged: {error}; move it away to begin with no invites"
        ) from error
    return Book(path, {code.id: code for code in codes}, now)
