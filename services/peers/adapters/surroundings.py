"""What happens to this machine: it slept, its clock was set forward, its addresses changed.

Knows clocks and the kernel's list of addresses. Must never decide what follows: the scheduler does.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable

from common.runtime import interfaces
from services.peers.model.scheduler import Command, Scheduler
from services.peers.model.whereabouts import network_of

__all__ = ["Surroundings"]

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0

SLEPT_MS = 15_000
"""A wall clock that gained so much on the one that stands still in sleep: no connection is worth keeping."""


def _addresses() -> list[str]:
    """The addresses of this machine; where the kernel does not list them one that always seems to be there."""
    return interfaces.addresses() if sys.platform == "linux" else ["0.0.0.0"]  # noqa: S104


class Surroundings:
    """Looks around. `wall` tells ms since 1970, `awake` seconds that stand still while the machine sleeps."""

    def __init__(
        self,
        scheduler: Scheduler,
        do: Callable[[list[Command]], None],
        wall: Callable[[], int],
        *,
        awake: Callable[[], float] = time.monotonic,
        addresses: Callable[[], list[str]] = _addresses,
    ) -> None:
        self._scheduler = scheduler
        self._do = do
        self._wall = wall
        self._awake = awake
        self._addresses = addresses
        self._gained = wall() - awake() * 1000
        self._networks = _networks(addresses())
        scheduler.has_network = bool(self._networks)

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Look once, and tell the scheduler what changed."""
        now = self._wall()
        gained, before = now - self._awake() * 1000, self._gained
        self._gained = gained
        if gained - before > SLEPT_MS:
            log.info("this machine slept, or its clock was set forward")
            self._do(self._scheduler.woke(now))
        networks, known = _networks(self._addresses()), self._networks
        self._networks = networks
        if networks == known:
            return
        lost = known - networks
        fields = {"networks": len(networks), "lost": len(lost)}
        log.info("the network changed", extra={"fields": fields})
        self._do(self._scheduler.network_changed(now, has_network=bool(networks), lost=lost))


def _networks(addresses: list[str]) -> frozenset[str]:
    return frozenset(found for one in addresses if (found := network_of(one)) is not None)
