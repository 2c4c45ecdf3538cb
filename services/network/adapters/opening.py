"""The stage of a link in which a transport is set up, before anybody says who he is.

Knows the machines for it (a WebSocket's upgrade, a proxy's greeting). Must never know what follows. Made by the
doorway and the dialler for transports that need it.
"""

from collections.abc import Callable
from typing import Protocol

from common.wire.errors import WireError
from services.network.adapters.link import Framing, Link

__all__ = ["Machine", "Opening"]


class Machine(Protocol):
    """A protocol that opens a stream, without I/O."""

    @property
    def is_over(self) -> bool:
        """Whether what follows is not for it."""
        ...

    @property
    def framing(self) -> Framing | None:
        """How the stream is wrapped from then on; None for one that is not."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the socket.

        Raises:
            WireError: the other side does not keep to the protocol, or refuses.
        """
        ...

    def data_to_send(self) -> bytes:
        """What must be sent now; drained by this call."""
        ...


class Opening:
    """Runs one machine on a link: `opened` makes the next stage, `failed` is told why there is none."""

    def __init__(
        self,
        link: Link,
        machine: Machine,
        *,
        opened: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self._link = link
        self._machine = machine
        self._opened = opened
        self._failed = failed
        self._over = False
        link.stage = self
        link.write(machine.data_to_send())

    def received(self, data: bytes) -> None:
        """Take a piece of what opens the stream; whoever speaks before the next stage asks is not heard."""
        if self._over:
            return
        try:
            self._machine.receive_data(data)
        except WireError as error:
            self._link.write(self._machine.data_to_send())
            self._link.close(str(error))
            return
        self._link.write(self._machine.data_to_send())
        if self._machine.is_over:
            self._over = True
            if self._machine.framing is None:
                self._opened()
            else:
                self._link.wrap(self._machine.framing, self._opened)

    def lost(self, reason: str) -> None:
        """The socket went away, or was closed by a step that failed."""
        if not self._over:
            self._failed(reason)
