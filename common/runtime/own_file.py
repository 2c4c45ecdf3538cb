"""The file beside the log that remembers how far our own feed was acknowledged, and notices when it was copied.

`PATH/scuttlebot/own.N`: N is the greatest sequence that was acknowledged, and the content says whose feed it is
and which file this one is. What is copied, unpacked or restored becomes another file; what is put over the folder
leaves the file with the greater N beside the older one. Never flushed when N grows: it guards against the loss of
what was. Knows files; decides nothing. Called by `sbot start` for a new identity, and by `storage`.
"""

import json
import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from common.runtime.birth import Birth, birth_of
from common.runtime.errors import StartError
from common.runtime.whole_file import flush_folder

__all__ = ["FOLDER", "Found", "begin", "move", "read"]

FOLDER: Final = Path("scuttlebot")
MAX_BYTES: Final = 4_096
"""Of the content: what is longer was not written here."""
UNKNOWN: Final = "nothing here says that this log holds all that its key published"
COPIED: Final = "the folder was copied or restored, so its log may be an old one"
OTHER_KEY: Final = "the log was written with another key"

_NAME: Final = re.compile(r"own\.([0-9]{1,16})")


class Found(NamedTuple):
    """The greatest sequence known, and why the log beside it may be an old one (None: it is not)."""

    sequence: int
    doubt: str | None


def read(data: Path, feed: str) -> Found:
    """Read what stands there about a feed; damage is doubt.

    Raises:
        StartError: the folder cannot be read; one line that names it.
    """
    files = _files(data)
    known = [_read(path, feed) for path in files.values()]
    doubts = [doubt for doubt in known if doubt is not None]
    if not known:
        return Found(0, UNKNOWN)
    if doubts:
        return Found(0 if OTHER_KEY in doubts else max(files), doubts[0])
    return Found(max(files), COPIED if len(files) > 1 else None)


def begin(data: Path, feed: str, sequence: int, doubt: str | None = None) -> None:
    """Make the file anew, in the place of all there were, and put it on the disk.

    Raises:
        OSError: that cannot be done.
    """
    folder = data / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    before = _files(data).values()
    fresh = folder / "own.new"
    fresh.unlink(missing_ok=True)
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        birth = birth_of(file)
        content = {"feed": feed, **birth._asdict(), "doubt": doubt}
        os.write(file, json.dumps(content).encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    here = folder / f"own.{sequence}"
    fresh.replace(here)
    for path in before:
        if path != here:
            path.unlink(missing_ok=True)
    flush_folder(folder)


def move(data: Path, before: int, sequence: int) -> None:
    """Remember a greater sequence.

    Raises:
        OSError: that cannot be done.
    """
    folder = data / FOLDER
    (folder / f"own.{before}").rename(folder / f"own.{sequence}")


def _files(data: Path) -> dict[int, Path]:
    try:
        names = [path for path in (data / FOLDER).iterdir() if _NAME.fullmatch(path.name)]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StartError(f"{data / FOLDER}: cannot be read: {error.strerror}") from error
    return {int(path.name.removeprefix("own.")): path for path in names}


def _read(path: Path, feed: str) -> str | None:
    """Why a file does not vouch for the log."""
    try:
        with path.open("rb") as file:
            content, here = json.loads(file.read(MAX_BYTES)), birth_of(file.fileno())
        birth, doubt = Birth(int(content["inode"]), int(content["born"])), content.get("doubt")
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return f"{path} is damaged"
    if content.get("feed") != feed:
        return OTHER_KEY
    if not birth.is_same(here):
        return COPIED
    return doubt if isinstance(doubt, str) else None
