"""What other servers left in a data folder that is not taken over: it is told, and never touched.

Knows names of files, and opens none of them. Called by `start`, `init` and `identity`; docs/folder.md tells it all.
"""

from contextlib import suppress
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

INVITES: Final = "invites of ssb-server: open ones cannot be taken over"
LEFT: Final = {
    "flume": "log and indexes of ssb-server",
    "db2": "log and indexes of ssb-db2",
    "log": "log of go-sbot",
    "secret.toml": "identity of solar",
    "db": INVITES,
    "invites": INVITES,
    "blobs_push": "blobs that ssb-server had not pushed yet",
    "ooo": "messages out of order of ssb-server: they are asked for again",
    "node_modules": "npm plugins: they are not run",
    "identities": "further identities: they are not used",
}
LEVELDB: Final = ("db", "invites", "blobs_push")
"""Databases that ssb-server makes at its first start, whether it has anything to keep or not."""
FILLED: Final = (".log", ".ldb", ".sst")
"""Files in which a LevelDB keeps its rows; they are empty, or missing, where there is none."""


def other_log(folder: Path) -> tuple[str, Path] | None:
    """The program whose log is here, and the file that says so; None where there is none."""
    for program, place in LOGS.items():
        if (folder / place).exists():
            return program, folder / place
    return None


def left(folder: Path) -> str | None:
    """One line about all that stays as it is; None where there is nothing."""
    found = [f"{name} ({what})" for name, what in LEFT.items() if _is_there(folder, name)]
    return f"{folder}: not ours and left as it is: {', '.join(found)}" if found else None


def _is_there(folder: Path, name: str) -> bool:
    if name == "log":
        return (folder / LOGS["go-sbot"]).exists()
    with suppress(OSError):
        if name in LEVELDB:
            files = (folder / name).iterdir()
            return any(one.suffix in FILLED and one.stat().st_size for one in files)
        return (folder / name).exists()
    return False
