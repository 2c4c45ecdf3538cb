"""Work whose failure must not swallow our own cancellation.

Knows tasks; never what the work is. A TaskGroup of Python before 3.13 that fails in the moment in which it is cancelled tells
of the failure alone, and who then goes on never ends: where all services are one process, all end in one moment.
"""

import asyncio
from collections.abc import Awaitable

__all__ = ["apart"]


async def apart(work: Awaitable[None]) -> None:
    """Await work in a task of its own; who is cancelled meanwhile cancels it, and hears of that, not of its failure.

    Raises: what the work raises.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    task.result()
