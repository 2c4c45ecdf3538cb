"""The clocks: the only place that reads the wall clock for what gets stored or signed, and one that only passes.

Knows milliseconds since 1970, as the whole field counts. Called by services, which hand the clock on
to pure code as an argument.
"""

import time
from collections.abc import Callable

STEP_MS = 0.001  # what monotonic-timestamp adds; a double still tells such times apart until 2240


def wall_ms() -> float:
    """Tell the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def steady_ms() -> float:
    """Tell milliseconds that only pass, from any beginning: for how long something takes."""
    return time.monotonic() * 1000


class RisingClock:
    """Strictly rising wall times, as npm's monotonic-timestamp gives: for signing and for receipts."""

    def __init__(self, now: Callable[[], float] = wall_ms, last: float = 0.0) -> None:
        self._now = now
        self._last = last

    def __call__(self) -> float:
        """Tell a time in milliseconds, later than every time told before."""
        now = self._now()
        self._last = now if now > self._last else round(self._last + STEP_MS, 3)
        return self._last
