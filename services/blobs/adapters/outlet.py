"""What one listening peer is still to be told: its `blobs.createWants`.

Knows notes that wait and one stream; must never know why. Called by the exchange and the handler of the method.
A note takes the place of an older one about the same blob: a peer that reads slowly is told what holds then.
"""

import asyncio
from collections.abc import Mapping

import orjson

from common.bus import Call, CallerError
from common.refs import BlobId

__all__ = ["Outlet"]

NOTES_PER_ITEM = 500
MAX_NOTES = 100_000
"""What may wait for one peer, some 200 bytes each; one that does not read is told everything when it comes again."""


class Outlet:
    """One listener."""

    def __init__(self) -> None:
        self._notes: dict[BlobId, int] = {}
        self._some = asyncio.Event()

    def put(self, notes: Mapping[BlobId, int]) -> None:
        """Tell the peer; an empty one is told too."""
        self._notes |= notes
        self._some.set()

    async def carry(self, call: Call) -> None:
        """Send what there is and what comes, for as long as the peer listens.

        Raises:
            CallerError: it reads too slowly.
        """
        while True:
            await self._some.wait()
            self._some.clear()
            if len(self._notes) > MAX_NOTES:
                raise CallerError("too many notes wait")
            notes, self._notes = list(self._notes.items()), {}
            for start in range(0, max(len(notes), 1), NOTES_PER_ITEM):
                await call.send([orjson.dumps(dict(notes[start : start + NOTES_PER_ITEM]))])
