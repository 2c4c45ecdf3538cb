"""Keeps a data folder to one running suite.

Knows one file, `lock`, and the advisory lock on it. Called by `start`; supervisord inherits the lock as
its standard input, so that a suite whose launcher was killed still counts until it is gone.
"""

import fcntl
import os
from pathlib import Path

from common.runtime.errors import StartError


def take(folder: Path) -> int:
    """Lock a data folder for this process and those that inherit the file descriptor given back.

    Raises:
        StartError: another suite runs on this folder, or the file cannot be opened.
    """
    path = folder / "lock"
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(f"{path}: cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(held, 32, 0).decode("ascii", "replace").strip() or "?"
        os.close(held)
        raise StartError(
            f"{path}: held by process {holder}: another `sbot start` runs on this folder"
        ) from None
    try:
        os.ftruncate(held, 0)
        os.pwrite(held, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        os.close(held)
        raise StartError(f"{path}: cannot be written: {error.strerror}") from error
    return held
