"""Long work in an event loop, which lets others have their turn after some milliseconds.

Knows the clock; never what is done. Called by whoever goes through much that is in memory or on the disk.
"""

import asyncio
from typing import Final

from common.runtime.clock import steady_ms

__all__ = ["TURN_MS", "Turns"]

TURN_MS: Final = 5.0
"""Who waits meanwhile for something else notices nothing; asking for the time costs a ten thousandth of it."""


class Turns:
    """The turns of one piece of work."""

    def __init__(self, turn_ms: float = TURN_MS) -> None:
        self._turn_ms = turn_ms
        self._began = steady_ms()

    async def rest(self) -> None:
        """Let others go first, if this turn was long enough; to be asked after each small step."""
        if steady_ms() - self._began >= self._turn_ms:
            await asyncio.sleep(0)
            self._began = steady_ms()
