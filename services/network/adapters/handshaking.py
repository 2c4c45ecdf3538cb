"""The stage of a link in which both ends prove who they are.

Knows the handshake machines. Must never know muxrpc or transports. Whom to let in is the gate's
decision; what follows is the caller's.
"""

from collections.abc import Callable

from common.refs import FeedId, feed_id
from common.wire.errors import HandshakeError
from common.wire.handshake import Client, Outcome, Server
from services.network.adapters.link import Link

__all__ = ["Answer", "Handshaking"]

Answer = Callable[[str | None], None]
"""How the gate answers: None lets in, a text says why not."""


class Handshaking:
    """Runs one handshake on a link; tells once what was agreed, or why nothing was.

    `ask` is given the key of who wants to come in and where to answer, at once or later.
    """

    def __init__(
        self,
        link: Link,
        machine: Client | Server,
        *,
        ask: Callable[[FeedId, Answer], None],
        agreed: Callable[[Outcome, bytes], None],
        failed: Callable[[str], None],
    ) -> None:
        self._link = link
        self._machine = machine
        self._ask = ask
        self._agreed = agreed
        self._failed = failed
        self._asked = False
        self._over = False
        link.stage = self

    def begin(self) -> None:
        """Send what a dialling side begins with."""
        self._link.write(self._machine.data_to_send())

    def received(self, data: bytes) -> None:
        """Take a piece of the handshake."""
        self._step(lambda: self._machine.receive_data(data))

    def lost(self, reason: str) -> None:
        """The socket went away, or was closed by a step that failed."""
        if self._over:
            return
        self._over = True
        try:
            self._machine.receive_eof()
        except HandshakeError as error:
            if reason == "took too long":
                reason = f"{reason}: {error}"
            elif reason == "hung up" or reason.startswith("connection lost"):
                reason = str(error)
        self._failed(reason)

    def _step(self, step: Callable[[], None]) -> None:
        if self._over:
            return
        try:
            step()
        except HandshakeError as error:
            self._link.close(str(error))
            return
        self._link.write(self._machine.data_to_send())
        if isinstance(self._machine, Server) and self._machine.client and not self._asked:
            self._asked = True
            self._link.read(wanted=False)
            self._ask(feed_id(self._machine.client), self._answer)
        elif self._machine.outcome is not None:
            self._over = True
            self._link.relax()
            self._agreed(self._machine.outcome, self._machine.leftover)

    def _answer(self, reason: str | None) -> None:
        machine = self._machine
        if not isinstance(machine, Server) or self._over:
            return
        self._link.read(wanted=True)
        self._step(machine.accept if reason is None else lambda: machine.refuse(reason))
