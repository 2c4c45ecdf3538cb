"""Credit in bytes, counted on both sides of a stream (docs/bus.md, section 5).

Pure accounting: must never know messages, sockets or tasks. The writer's side holds an
`Allowance`, the reader's a `Window`; both use `cost`.
"""

from collections.abc import Sequence

BODY_COST = 16  # what a body costs beside its length: empty ones are not free
DEFAULT_WINDOW = 1 << 20


def cost(bodies: Sequence[bytes]) -> int:
    """Say what a message with these bodies costs, in bytes of credit."""
    return sum(map(len, bodies)) + BODY_COST * len(bodies)


class Overrun(Exception):  # noqa: N818  the field's word
    """The writer sent without credit."""


class Allowance:
    """What a writer may still send; one message may overdraw it, the next waits."""

    __slots__ = ("balance",)

    def __init__(self, granted: int = 0) -> None:
        self.balance = granted

    @property
    def open(self) -> bool:
        """Say whether a message may be sent now."""
        return self.balance > 0

    def grant(self, n_bytes: int) -> None:
        """Add what the reader granted."""
        self.balance += n_bytes

    def spend(self, n_bytes: int) -> None:
        """Take off what was sent."""
        self.balance -= n_bytes


class Window:
    """What a reader has granted and not yet got back; grants anew when half is consumed."""

    __slots__ = ("_balance", "_consumed", "size")

    def __init__(self, size: int = DEFAULT_WINDOW) -> None:
        self.size = size
        self._balance = size
        self._consumed = 0

    def receive(self, n_bytes: int) -> None:
        """Book what came in.

        Raises:
            Overrun: the writer had no credit left.
        """
        if self._balance <= 0:
            raise Overrun
        self._balance -= n_bytes

    def consume(self, n_bytes: int) -> int:
        """Book what was read, and say how many bytes to grant now, mostly 0."""
        self._consumed += n_bytes
        if self._consumed * 2 < self.size:
            return 0
        granted, self._consumed = self._consumed, 0
        self._balance += granted
        return granted
