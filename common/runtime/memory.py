"""Gives memory that is free back to the system, when a process has grown.

Connections and their exceptions are cycles that only the collector finds, and it seldom looks at what is old;
glibc keeps what was freed below something in use, and raises its thresholds with the largest block it ever saw.
A process that once took large packets would stay large. Knows the C library and the collector; never what a
service does. Called by `process`.
"""

import asyncio
import ctypes
import gc
from typing import Final

from common.runtime.usage import resident

__all__ = ["return_forever"]

PAUSE_SECONDS: Final = 10.0
"""Often enough that a siege leaves no trace; longer each time that nothing was found."""
MAX_PAUSE_SECONDS: Final = 160.0
GROWTH: Final = 16 << 20
"""Bytes more than the least so far: collecting takes a tenth of a second where there is much to look at."""


async def return_forever(pause: float = PAUSE_SECONDS, growth: int = GROWTH) -> None:
    """Looks again and again; returns at once where the C library is not glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return
    least, wait = resident(), pause
    while True:
        await asyncio.sleep(wait)
        before = resident()
        least = min(least, before)
        if before - least > growth:
            gc.collect()
            trim(0)
            found = before - resident() > growth // 4
            wait = pause if found else min(2 * wait, MAX_PAUSE_SECONDS)
