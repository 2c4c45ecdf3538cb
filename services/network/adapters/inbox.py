"""Items of one call on their way from a peer to a service, in order, with their end.

Knows how much waits, and tells the conversation, which stops reading when it is too much. Must never know
what the items are.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from common.wire.events import Failure

__all__ = ["Inbox", "PeerFailedError"]

ITEM_COST = 16
"""What an item counts beside its length, as on the bus: empty items are not free."""

JSON_TYPE = 2

GATHER_SECONDS = 0.005
"""Between two batches of a call. A peer's stream comes in reads of a few kilobytes, and each batch costs every
service on its way a message; the first after a pause goes at once."""

ENOUGH_BYTES = 64 * 1024
"""A batch of this size does not wait."""

MAX_BATCH_BYTES = 256 * 1024
"""As large a batch grows by joining reads; a quarter of what may wait on a connection."""


class PeerFailedError(Exception):
    """The peer ended the call with an error, or went away with it open."""


class Inbox:
    """Batches of (bodies, types) for one reader; `types` is None where all are JSON."""

    def __init__(self, hold: Callable[[int], None]) -> None:
        self._hold = hold
        self._batches: deque[tuple[list[bytes], bytes | None]] = deque()
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._ended = False
        self._failure: str | None = None
        self._waiting = 0
        self._taken = 0
        self._taken_at = -GATHER_SECONDS

    def put(self, bodies: list[bytes], types: bytes) -> None:
        """Take the items of one read of the socket."""
        all_json = types.count(JSON_TYPE) == len(bodies)
        self._batches.append((bodies, None if all_json else types))
        cost = _cost(bodies)
        self._waiting += cost
        self._hold(cost)
        self._news.set()

    def end(self, failure: Failure | None) -> None:
        """Nothing more comes."""
        self.fail(None if failure is None else failure.message)

    def fail(self, message: str | None) -> None:
        """Nothing more comes; a message says that this is an error."""
        self._ended = True
        self._failure = message
        self._news.set()

    def discard(self) -> None:
        """Nobody reads any more: what waits is dropped and counts no longer."""
        self._release()
        self._batches.clear()
        self._hold(-self._waiting)
        self._waiting = 0

    def __aiter__(self) -> "Inbox":
        return self

    async def __anext__(self) -> tuple[list[bytes], bytes | None]:
        """The next batch; it counts as waiting until the one after it is asked for.

        Raises:
            PeerFailedError: the peer ended the call with an error.
        """
        self._release()
        while not self._batches:
            if self._failure is not None:
                raise PeerFailedError(self._failure)
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        pause = self._taken_at + GATHER_SECONDS - self._loop.time()
        if pause > 0 and self._waiting < ENOUGH_BYTES and not self._ended:
            await asyncio.sleep(pause)
        self._taken_at = self._loop.time()
        return self._take()

    def _take(self) -> tuple[list[bytes], bytes | None]:
        """What waits, joined as far as it fits."""
        bodies, types = self._batches.popleft()
        self._taken = _cost(bodies)
        while self._batches:
            more, of_type = self._batches[0]
            cost = _cost(more)
            if self._taken + cost > MAX_BATCH_BYTES:
                break
            self._batches.popleft()
            if types is not None or of_type is not None:
                types = _types(bodies, types) + _types(more, of_type)
            bodies += more
            self._taken += cost
        self._waiting -= self._taken
        return bodies, types

    def _release(self) -> None:
        if self._taken:
            self._hold(-self._taken)
            self._taken = 0


def _cost(bodies: list[bytes]) -> int:
    return sum(map(len, bodies)) + ITEM_COST * len(bodies)


def _types(bodies: list[bytes], types: bytes | None) -> bytes:
    return bytes((JSON_TYPE,)) * len(bodies) if types is None else types
