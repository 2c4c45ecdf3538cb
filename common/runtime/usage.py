"""What this process takes of its machine: memory, time of the processor, open files.

Knows the files under /proc where there are some; must never know what a process is for. Called by `memory`, and by the bus
for what each service tells of itself.
"""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["resident", "usage"]

STARTED: Final = time.time()
"""Seconds since 1970. Of two processes it is never the same, of two services in one process (`--compact`) it is."""

_STATM: Final = Path("/proc/self/statm")
_DESCRIPTORS: Final = Path("/proc/self/fd")


def resident() -> int:
    """Bytes of memory in use.

    Raises:
        OSError: this system does not tell.
    """
    return int(_STATM.read_text().split()[1]) * resource.getpagesize()


def usage() -> dict[str, float]:
    """`started`, `cpu` (both seconds), `resident` (bytes) and `files`; what the system does not tell is not there."""
    told: dict[str, float] = {"started": STARTED, "cpu": round(time.process_time(), 3)}
    asked: dict[str, Callable[[], int]] = {"resident": resident, "files": _files}
    for name, ask in asked.items():
        try:
            told[name] = ask()
        except OSError:
            continue
    return told


def _files() -> int:
    return sum(1 for _ in _DESCRIPTORS.iterdir()) - 1  # one is the listing's own
