"""Kills services of a running suite with SIGKILL, at moments that a seed decides."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.support.processes import family
from tests.support.servers import OurServer
from tests.support.waiting import until

SERVICES = ("storage", "network", "replication", "indexing", "peers", "blobs", "api")
#: How many times longer than in CI the tests that kill go on.
LONGER = int(os.environ.get("SBOT_KILLS", "1"))


def service_pids(launcher: int) -> dict[str, int]:
    """The processes of a suite that live now, by their names on the bus."""
    found = {}
    for pid in family(launcher):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        number = words[words.index(b"--worker") + 1].decode() if b"--worker" in words else ""
        for word in words:
            name = word.decode().removeprefix("services.")
            if name in SERVICES:
                found[f"{name}.{number}" if number else name] = pid
    return found


async def kill_all(server: OurServer) -> None:
    """Kill every process of a suite at once; none is left when this returns."""
    members = family(server.process.pid)
    for pid in members:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await server.process.wait()
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in members))


class Killer:
    """Waits and kills, again and again; `seed` decides whom and when."""

    def __init__(
        self,
        server: OurServer,
        seed: int,
        *,
        pause: tuple[float, float] = (0.1, 1.5),
        services: Sequence[str] = SERVICES,
    ) -> None:
        self.seed = seed
        self.killed: Counter[str] = Counter()
        self._server = server
        self._random = random.Random(seed)
        self._pause = pause
        self._services = services

    async def kill(self, times: int) -> None:
        """Kill so many times; a service that is not there at the moment is passed over."""
        for _ in range(times * LONGER):
            await asyncio.sleep(self._random.uniform(*self._pause))
            name = self._random.choice(self._services)
            pid = service_pids(self._server.process.pid).get(name)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                self.killed[name] += 1
        assert self._server.process.returncode is None, f"the suite ended: seed {self.seed}"
        print(f"seed {self.seed} killed {dict(self.killed)}")
