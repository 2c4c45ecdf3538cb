"""How far a file is on its way, or a task that takes long, on one line of a terminal; nothing where errors do not go to one.

Knows counts and a clock. Must never know what is carried or done. Called by `__main__` around what is sent and shown, and
by `upkeep`.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self, TextIO

__all__ = ["Progress", "Steps", "size_text"]

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
        parts = [size_text(self._done), f"{size_text(rate)}/s"]
        if self._total:
            parts[0] += f" of {size_text(self._total)}"
            parts.insert(0, _bar(self._done, self._total))
        self._out.write(f"\r{'  '.join(parts)}\x1b[K")
        self._out.flush()


class Steps:
    """A line for a task of several parts, each with a name and a count of its own.

    Use as a context manager: the line is gone with it.
    """

    def __init__(
        self, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out or sys.stderr
        self._is_shown = self._out.isatty()
        self._clock = clock
        self._part = ""
        self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, part: str, done: int, total: int) -> None:
        """So much of a part is done."""
        due = part != self._part or done == total or self._clock() - self._drawn >= PAUSE_SECONDS
        if self._is_shown and due:
            self._part, self._drawn = part, self._clock()
            self._out.write(f"\r{_bar(done, max(total, 1))}  {part}  {done:,} of {total:,}\x1b[K")
            self._out.flush()

    def clear(self) -> None:
        """Take the line away, so that something else can be written."""
        if self._part:
            self._part = ""
            self._out.write("\r\x1b[K")
            self._out.flush()


def _bar(done: int, total: int) -> str:
    share = min(done / total, 1.0)
    filled = int(share * WIDTH)
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}] {share:4.0%}"


def size_text(n: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "kB", "MB"):
        if n < 1_000:
            return f"{n:.0f} B" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1_000
    return f"{n:.1f} GB"
