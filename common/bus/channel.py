"""The two directions of an open stream: an inbox that grants credit, an outbox that waits for it.

Knows credit and order; must never know sockets, sessions or shapes of calls. `calling` and
`serving` put them together: what one side's outbox emits, the other side's inbox takes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.bus.credit import Allowance, Window, cost
from common.bus.errors import BusError, OurError
from common.bus.frames import MAX_BODIES, MAX_MESSAGE
from common.bus.values import Batch

Emit = Callable[[Mapping[str, Any], Sequence[bytes]], None]
Grant = Callable[[int], None]


class Inbox:
    """What came and was not read yet: never more than the window and one message."""

    def __init__(self, window: int, grant: Grant) -> None:
        self._window = Window(window)
        self._grant = grant
        self._batches: deque[tuple[Batch, int]] = deque()
        self._news = asyncio.Event()
        self._error: BusError | None = None
        self._discarding = False
        self.ended = False

    def push(self, batch: Batch) -> None:
        """Take what came.

        Raises:
            Overrun: the writer had no credit.
        """
        n_bytes = cost(batch.bodies)
        self._window.receive(n_bytes)
        if self.ended:
            return
        if self._discarding:
            self._consume(n_bytes)
            return
        self._batches.append((batch, n_bytes))
        self._news.set()

    def end(self, error: BusError | None = None) -> None:
        """Nothing more will come; what is here can still be read, then `error` is raised."""
        if not self.ended:
            self.ended = True
            self._error = error
            self._news.set()

    def discard(self) -> None:
        """Nobody reads any more: grant credit for what comes and let it go."""
        self._discarding = True
        while self._batches:
            self._consume(self._batches.popleft()[1])

    async def pull(self) -> Batch | None:
        """Wait for the next batch; None at the end.

        Raises:
            BusError: the stream ended with it.
        """
        while not self._batches:
            if self.ended:
                if self._error is not None:
                    raise self._error
                return None
            self._news.clear()
            await self._news.wait()
        batch, n_bytes = self._batches.popleft()
        self._consume(n_bytes)
        return batch

    def _consume(self, n_bytes: int) -> None:
        granted = self._window.consume(n_bytes)
        if granted and not self.ended:
            self._grant(granted)


class Outbox:
    """What may be sent: waits for credit, splits what is over the limits of one message."""

    def __init__(self, granted: int, emit: Emit) -> None:
        self._allowance = Allowance(granted)
        self._emit = emit
        self._room = asyncio.Event()
        self._error: BusError | None = None
        self.ended = False

    def grant(self, n_bytes: int) -> None:
        """Book credit that came."""
        self._allowance.grant(n_bytes)
        if self._allowance.open:
            self._room.set()

    def end(self, error: BusError | None = None) -> None:
        """Nothing more may be sent: a send raises `error`, or does nothing when it is None."""
        if not self.ended:
            self.ended = True
            self._error = error
            self._room.set()

    async def ready(self) -> None:
        """Wait until something may be sent, before the work of making it.

        Raises:
            BusError: the stream is over.
        """
        while not self._allowance.open and not self.ended:
            self._room.clear()
            await self._room.wait()
        if self._error is not None:
            raise self._error

    async def send(
        self,
        bodies: Sequence[bytes],
        types: bytes | None = None,
        position: int | None = None,
    ) -> None:
        """Send items as soon as there is credit; `position` goes with the last of them.

        Raises:
            BusError: the stream is over, or an item is larger than a message may be.
            ValueError: there are not as many types as items.
        """
        if types is not None and len(types) != len(bodies):
            raise ValueError(f"{len(types)} types for {len(bodies)} items")
        start = 0
        for end in _cuts(bodies):
            await self.ready()
            if self.ended:
                return
            options: dict[str, Any] = {}
            if types is not None:
                options["types"] = types[start:end]
            if position is not None and end == len(bodies):
                options["position"] = position
            part = bodies if end - start == len(bodies) else bodies[start:end]
            self._allowance.spend(cost(part))
            self._emit(options, part)
            start = end


def _cuts(bodies: Sequence[bytes]) -> list[int]:
    """Say where to cut, so that each piece is within the limits of one message."""
    n = len(bodies)
    if 0 < n <= MAX_BODIES and sum(map(len, bodies)) <= MAX_MESSAGE:
        return [n]
    cuts: list[int] = []
    start, size = 0, 0
    for index, body in enumerate(bodies):
        if len(body) > MAX_MESSAGE:
            raise OurError(f"an item of {len(body)} bytes is over the limit of {MAX_MESSAGE}")
        if index - start == MAX_BODIES or size + len(body) > MAX_MESSAGE:
            cuts.append(index)
            start, size = index, 0
        size += len(body)
    return [*cuts, n] if n else []
