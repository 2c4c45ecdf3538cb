"""A small file that is put in the place of another, whole or not at all, and is on the disk when that has been said.

Knows files; never what stands in them. Called by whoever keeps a file of his own that is written anew as one.
"""

import os
from pathlib import Path

__all__ = ["flush_folder", "put_whole"]


def put_whole(path: Path, data: bytes) -> None:
    """Write a file of mode 0600; its folder is there already.

    Raises:
        OSError: the disk does not take it; the old file is still there.
    """
    fresh = path.with_name(path.name + "~")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut.

    Raises:
        OSError: that cannot be done.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
