"""How far a file is on its way, on one line of a terminal; nothing where errors do not go to one.

Knows counts and a clock. Must never know what is carried, or where to. Called by `__main__` around what is sent
and shown.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self, TextIO

__all__ = ["Progress"]

WIDTH = 30
PAUSE_SECONDS = 0.1
"""Between two looks of the line."""


class Progress:
    """A line that is drawn anew as bytes pass; `total` bytes are expected, None where nobody knows.

    Use as a context manager: the line ends with it.
    """

    def __init__(
        self,
        total: int | None,
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out or sys.stderr
        self._is_shown = self._out.isatty()
        self._clock = clock
        self._total = total
        self._done = 0
        self._begun = clock()
        self._drawn = self._begun - PAUSE_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        if self._is_shown and self._done:
            self._draw()
            self._out.write("\n")

    def of(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces, counted when they have been taken."""
        for piece in pieces:
            yield piece
            self.add(len(piece))

    def add(self, n: int) -> None:
        """So many bytes more have passed."""
        self._done += n
        if self._is_shown and self._clock() - self._drawn >= PAUSE_SECONDS:
            self._drawn = self._clock()
            self._draw()

    def _draw(self) -> None:
        rate = self._done / max(self._clock() - self._begun, 1e-3)
        parts = [_size(self._done), f"{_size(rate)}/s"]
        if self._total:
            share = min(self._done / self._total, 1.0)
            filled = int(share * WIDTH)
            parts[0] += f" of {_size(self._total)}"
            parts.insert(0, f"[{'#' * filled}{'.' * (WIDTH - filled)}] {share:4.0%}")
        self._out.write(f"\r{'  '.join(parts)}\x1b[K")
        self._out.flush()


def _size(n: float) -> str:
    for unit in ("B", "kB", "MB"):
        if n < 1_000:
            return f"{n:.0f} B" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1_000
    return f"{n:.1f} GB"
