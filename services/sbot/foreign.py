"""What other servers left in a data folder that is not taken over: it is told, and never touched.

Knows names of files, and opens none of them. Called by `start`, `init` and `identity`; docs/folder.md tells it all.
"""

from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

__all__ = ["left", "other_log"]

LOGS: Final = {
    "ssb-server": Path("flume", "log.offset"),
    "ssb-db2": Path("db2", "log.bipf"),
    "go-sbot": Path("log", "data"),
    "solar": Path("secret.toml"),
}
"""A file that the program has where it has a log."""

LEVELDB: Final = ("*.log", "*.ldb", "*.sst")
INVITES: Final = "invites of ssb-server: open ones cannot be taken over"
LEFT: Final = (
    ("flume", ("*",), "log and indexes of ssb-server"),
    ("db2", ("*",), "log and indexes of ssb-db2"),
    ("log", ("data",), "log of go-sbot"),
    ("db", LEVELDB, INVITES),
    ("invites", LEVELDB, INVITES),
    ("blobs_push", LEVELDB, "blobs that ssb-server had not pushed yet"),
    ("ooo", ("log.offset",), "messages out of order: they are asked for again"),
    ("node_modules", ("*",), "npm plugins: they are not run"),
    ("identities", ("secret_*.butt",), "further identities: they are not used"),
)
"""Folders, files in one of which there is something, and what it is. ssb-server makes most of them at its first start, empty."""


def other_log(folder: Path) -> tuple[str, Path] | None:
    """The program whose log is here, and the file that says so; None where there is none."""
    for program, place in LOGS.items():
        if (folder / place).exists():
            return program, folder / place
    return None


def left(folder: Path) -> str | None:
    """One line about all that stays as it is; None where there is nothing."""
    found = [f"{name} ({what})" for name, files, what in LEFT if _holds(folder / name, files)]
    return f"{folder}: not ours and left as it is: {', '.join(found)}" if found else None


def _holds(folder: Path, patterns: tuple[str, ...]) -> bool:
    """Whether one of these is there, and no empty file."""
    with suppress(OSError):
        return any(
            fnmatch(one.name, pattern) and (not one.is_file() or one.stat().st_size > 0)
            for one in folder.iterdir()
            for pattern in patterns
        )
    return False
