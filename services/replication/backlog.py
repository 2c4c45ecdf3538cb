"""What a live stream has still to tell: the newest word on each subject, so that it is bounded by the subjects.

Knows nothing of what is told. Called by the handlers of live sources; whoever reads slowly misses words in between,
never the last one.
"""

import asyncio
from collections.abc import Hashable
from typing import Any


class Backlog:
    """Items by subject, in the order in which their subjects changed last."""

    def __init__(self) -> None:
        self._items: dict[Hashable, Any] = {}
        self._moved = asyncio.Event()

    def put(self, subject: Hashable, item: Any) -> None:
        """Takes the newest word on a subject."""
        self._items.pop(subject, None)
        self._items[subject] = item
        self._moved.set()

    async def take(self, most: int) -> list[Any]:
        """Waits until there is something to tell; gives so many items at most."""
        await self._moved.wait()
        subjects = list(self._items)[:most]
        items = [self._items.pop(subject) for subject in subjects]
        if not self._items:
            self._moved.clear()
        return items
