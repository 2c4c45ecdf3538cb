"""Work that depends on a service that comes and goes: done whenever it is up, for ever.

Knows when to begin again; must never know what is done. Called by every service that follows another one's facts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from common.bus.errors import BusError
from common.bus.node import Node

__all__ = ["PAUSE_SECONDS", "again"]

logger = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 0.2
"""Between an end and the next beginning: a service that ends what it is asked at once is not asked all the time."""


async def again(
    node: Node,
    service: str,
    once: Callable[[], Awaitable[None]],
    *,
    lost: Callable[[], object] | None = None,
    fatal: tuple[type[BusError], ...] = (),
) -> NoReturn:
    """Run `once` each time a service is up; `lost` is called when it ended, by itself or by an error of the bus.

    Raises:
        BusError: one of `fatal`; anything else that is no error of the bus is raised too.
    """
    while True:
        await node.wait_up(service)
        try:
            await once()
        except fatal:
            raise
        except BusError as error:
            logger.info("what follows %s begins again: %s", service, error)
        finally:
            if lost is not None:
                lost()
        await asyncio.sleep(PAUSE_SECONDS)
