"""How bytes look on a socket: boxed behind a secret handshake, or plain on the unix socket.

Knows the box stream as a pair of functions. Must never know sockets or muxrpc. A link hands it what it reads
and writes what it answers.
"""

from typing import Protocol

from common.wire.boxstream import Opener, Sealer
from common.wire.handshake import Outcome

__all__ = ["Boxed", "Channel", "Plain"]


class Channel(Protocol):
    """Both directions of one connection."""

    @property
    def end(self) -> str | None:
        """None while their direction is open, `ok` after a goodbye, else what was wrong."""
        ...

    @property
    def held(self) -> int:
        """Bytes that wait for their box to be complete."""
        ...

    def open(self, data: bytes) -> bytes:
        """What the peer said, of the bytes read from the socket."""
        ...

    def seal(self, data: bytes) -> bytes:
        """The bytes for the socket, of what we say."""
        ...

    def goodbye(self) -> bytes:
        """The last bytes for the socket."""
        ...


class Boxed:
    """The box stream on keys that a handshake agreed on. `end` tells `ok` or what was wrong."""

    def __init__(self, outcome: Outcome) -> None:
        self._opener = Opener(outcome.decrypt_key, outcome.decrypt_nonce)
        self._sealer = Sealer(outcome.encrypt_key, outcome.encrypt_nonce)

    @property
    def end(self) -> str | None:
        """None while it is open, `ok` after their goodbye, else what was wrong with their bytes."""
        return self._opener.end

    @property
    def held(self) -> int:
        """Bytes that wait for their box to be complete."""
        return self._opener.held

    def open(self, data: bytes) -> bytes:
        """All that could be opened, joined: what frames it holds is for the session to tell."""
        return b"".join(self._opener.feed(data))

    def seal(self, data: bytes) -> bytes:
        """Boxes of up to 4096 bytes each, joined: one write for the socket."""
        return self._sealer.seal(data)

    def goodbye(self) -> bytes:
        """The box that ends our direction."""
        return self._sealer.goodbye()


class Plain:
    """No boxes: who can open the unix socket is trusted (multiserver's `noauth`)."""

    end: str | None = None
    held: int = 0

    def open(self, data: bytes) -> bytes:
        """The bytes themselves."""
        return data

    def seal(self, data: bytes) -> bytes:
        """The bytes themselves."""
        return data

    def goodbye(self) -> bytes:
        """Nothing: the end of the socket says it."""
        return b""
