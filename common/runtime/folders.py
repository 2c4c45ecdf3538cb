"""The folders every process needs before it starts: the data folder, and the one of the bus.

Knows who may enter them: nobody but us. Called by `process` and by the launcher.
"""

import os
import stat
from pathlib import Path

from common.runtime.errors import StartError
from common.runtime.settings import Settings

PRIVATE = 0o700


def prepare(settings: Settings) -> None:
    """Make the data folder and the bus folder where they are missing.

    Raises:
        StartError: one cannot be made, is no folder, or is open to others (the bus folder: who can
            enter it is trusted, docs/bus.md section 1).
    """
    _make(settings.path)
    _make(settings.bus_dir)
    held = settings.bus_dir.lstat()
    if not stat.S_ISDIR(held.st_mode) or held.st_uid != os.getuid():
        raise StartError(f"{settings.bus_dir}: is not a folder of our own")
    if stat.S_IMODE(held.st_mode) & 0o077:
        settings.bus_dir.chmod(PRIVATE)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"{folder}: cannot be made: {error.strerror}") from error
