"""How tests wait: for a state, with a limit that no loaded machine reaches, and with a word on what was there instead."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60
"""Long enough for whatever a test waits for, however much else runs; who waits longer waits in vain."""


async def until(
    check: Callable[[], Any], *, within: float = PATIENCE_S, every: float = 0.01
) -> Any:
    """Calls `check`, and awaits what it gives, again and again until that is true; returns it.

    Raises:
        AssertionError: it was not within so many seconds.
    """
    deadline = asyncio.get_running_loop().time() + within
    while True:
        found = check()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"still {found!r} after {within} s"
        await asyncio.sleep(every)
