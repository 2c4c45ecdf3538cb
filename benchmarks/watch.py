"""What a server used while something ran, and what everybody else took of the machine meanwhile."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from benchmarks.figures import Figure, Figures
from tests.support.processes import TICKS, cpu_by_name, cpu_seconds, family, pss_mb
from tests.support.servers import Server

SAMPLE_S = 0.5


class Watch:
    """CPU of a server, by process, and its highest memory, from `async with` to `done`, or to its end."""

    def __init__(self, server: Server, *, memory: bool = True) -> None:
        self._pid = server.process.pid
        self._samples = memory

    async def __aenter__(self) -> Self:
        self.peak_mb = 0.0
        self.seconds = 0.0
        self._cpu, self._names = cpu_seconds(self._pid), cpu_by_name(self._pid)
        self._task = asyncio.create_task(self._sample())
        self._started = time.monotonic()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.done()
        self.cpu = cpu_seconds(self._pid) - self._cpu
        now = cpu_by_name(self._pid)
        self.by_name = {k: v - self._names.get(k, 0.0) for k, v in now.items()}
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def done(self) -> None:
        """Stops the clock; what the server does afterwards still counts as its CPU and memory."""
        self.seconds = self.seconds or time.monotonic() - self._started

    async def _sample(self) -> None:
        while self._samples:
            self.peak_mb = max(self.peak_mb, pss_mb(self._pid))
            await asyncio.sleep(SAMPLE_S)

    def figures(self, n: int, *, limit: str = "", unit: str = "message", note: str = "") -> Figures:
        """Rate, CPU a message (or another unit) in all and by process, peak memory."""
        found = {
            f"{unit}s/s{note}": Figure(n / self.seconds, limit),
            f"cpu us/{unit}{note}": Figure(self.cpu / n * 1e6),
        }
        if len(self.by_name) > 1:
            for name, seconds in sorted(self.by_name.items()):
                if name.startswith("services.") and seconds / n * 1e6 >= 1:
                    part = name.removeprefix("services.")
                    found[f"  cpu us in {part}{note}"] = Figure(seconds / n * 1e6)
        if self._samples:
            found[f"peak PSS MB{note}"] = Figure(self.peak_mb)
        return found


def _machine() -> float:
    """Busy seconds of all cores so far, what other guests of the host took included."""
    fields = [int(f) for f in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / TICKS


def _ours() -> float:
    """CPU seconds so far of this process and all it started, those that ended included."""
    total = 0
    for member in family(os.getpid()):
        with suppress(OSError):
            text = Path(f"/proc/{member}/stat").read_text()
            fields = text[text.rindex(")") + 2 :].split()
            total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def foreign() -> Callable[[], float]:
    """Begins to look at others; the answer gives their share of all cores since then (0.5: one of two)."""
    machine, ours, started = _machine(), _ours(), time.monotonic()

    def share() -> float:
        used = (_machine() - machine) - (_ours() - ours)
        whole = (time.monotonic() - started) * (os.cpu_count() or 1)
        return min(1.0, max(0.0, used / whole))

    return share
