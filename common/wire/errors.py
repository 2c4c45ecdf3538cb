"""What can be wrong with what a peer sends over one connection.

    WireError                 the peer broke a protocol, or left in the middle of it
    +-- HandshakeError        secret handshake; carries the number of the phase
    +-- PacketError           a packet that makes no sense where it stands

    ClosedError               our own call came too late: the connection is over

A WireError is the peer's fault and costs it the connection. The box stream, the packet reader and the
muxrpc session raise none while they run: what they opened before the fault must still come out, so they
report their end as a state or an event instead.
"""

__all__ = ["ClosedError", "HandshakeError", "PacketError", "WireError"]


class WireError(Exception):
    """The peer broke a protocol of the connection."""


class HandshakeError(WireError):
    """The secret handshake failed in `phase` (1 to 5); the text names the likely cause."""

    def __init__(self, phase: int, text: str) -> None:
        super().__init__(f"secret handshake, phase {phase}: {text}")
        self.phase = phase


class PacketError(WireError):
    """A body that is not of the type its header claims, or a number that is taken."""


class ClosedError(Exception):
    """A call was to be made over a connection that is over."""
