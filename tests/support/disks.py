"""A small disk of its own for a test: a tmpfs, for which one must be root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(where: Path, megabytes: int) -> Iterator[Path]:
    """Mounts a tmpfs of this size at a folder; skips the test where that is not permitted."""
    where.mkdir()
    options = f"size={megabytes}m"
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(where)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield where
    finally:
        subprocess.run(["umount", "--lazy", str(where)], check=True)


def fill(disk: Path, *, leave: int) -> Path:
    """A file that takes what is free but for so many bytes; remove it to have the space again."""
    found = os.statvfs(disk)
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        left = found.f_bavail * found.f_frsize - leave
        while left > 0:
            left -= file.write(b"\0" * min(left, 1 << 20))
    return ballast
