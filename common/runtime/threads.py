"""Work in a thread that has to be over before what it uses is closed.

Knows tasks; never what the work is. Called where a store is compacted.
"""

import asyncio
from collections.abc import Callable

__all__ = ["in_thread"]


async def in_thread(work: Callable[[], None]) -> None:
    """Do work in a thread, and wait for its end even when the caller is cancelled meanwhile.

    Raises: what the work raises.
    """
    thread = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait([thread])
        raise
