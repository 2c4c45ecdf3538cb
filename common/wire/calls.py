"""The open calls of a session, and which of their two directions is still open.

Knows numbers and directions only. Called by `session`.
"""

from dataclasses import dataclass

from common.wire.events import CallType

__all__ = ["MAX_LINGERING", "MAX_OPEN_CALLS", "Call", "Calls"]

# A busy client keeps some hundred live streams open; each costs a call on the bus.
MAX_OPEN_CALLS = 1024
# Streams that we ended and the peer has not: it should answer at once, and some implementations never do.
MAX_LINGERING = 1024


@dataclass(slots=True)
class Call:
    """One call; `number` is above zero when the peer made it, below when we did."""

    number: int
    type: CallType
    theirs_open: bool = True
    ours_open: bool = True

    @property
    def reads(self) -> bool:
        """Whether items of the peer are wanted."""
        if not self.theirs_open or self.type == "async":
            return False
        return self.type == "duplex" or (self.type == "sink") == (self.number > 0)

    @property
    def writes(self) -> bool:
        """Whether items may be sent to the peer."""
        if not self.ours_open or self.type == "async":
            return False
        return self.type == "duplex" or (self.type == "source") == (self.number > 0)

    @property
    def ends_as_one(self) -> bool:
        """Whether the peer's good end is the end of the whole call, which we only confirm."""
        return self.type == "source" or (self.type == "sink" and self.number < 0)


class Calls:
    """All calls of one session by number."""

    def __init__(self) -> None:
        self.open: dict[int, Call] = {}
        # Numbers of the peer's streams whose end it has not confirmed, oldest first.
        self.lingering: dict[int, None] = {}
        self._theirs = 0

    @property
    def full(self) -> bool:
        """Whether the peer has as many calls open as it may."""
        return self._theirs >= MAX_OPEN_CALLS

    def add(self, call: Call) -> None:
        """A new call."""
        self.open[call.number] = call
        self._theirs += call.number > 0

    def forget(self, call: Call) -> None:
        """A call that both sides have ended."""
        del self.open[call.number]
        self._theirs -= call.number > 0

    def linger(self, number: int) -> None:
        """A stream of the peer's of which only its end is still to come."""
        self.lingering[number] = None
        if len(self.lingering) > MAX_LINGERING:
            del self.lingering[next(iter(self.lingering))]
