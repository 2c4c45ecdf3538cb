"""A terminal and a clock that are played."""

import io


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(out: io.StringIO) -> list[str]:
    return [line.removesuffix("\x1b[K") for line in out.getvalue().rstrip("\n").split("\r")[1:]]
