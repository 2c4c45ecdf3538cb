"""What a muxrpc session tells its owner, and what a failed call says.

A call is named by the number that the peer's packets for it carry: above zero the peer called us, below zero
we called the peer. Only `session` makes these; `services.network` carries them to the bus.
"""

import json
from dataclasses import dataclass
from typing import Literal

from common.wire.packets import JSON, decode_body, text_of

__all__ = ["CallType", "Closed", "Ended", "Event", "Failure", "Items", "Request", "Value"]

CallType = Literal["async", "source", "sink", "duplex"]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it crosses the wire: the three fields of a JavaScript error."""

    message: str
    name: str = "Error"
    stack: str | None = None

    def encode(self) -> bytes:
        """Its JSON (ASCII); a stack is always there, because readers print it."""
        stack = self.stack if self.stack is not None else f"{self.name}: {self.message}"
        fields = {"message": self.message, "name": self.name, "stack": stack}
        return json.dumps(fields, separators=(",", ":")).encode()

    @staticmethod
    def decode(flags: int, body: bytes) -> "Failure | None":
        """What the body of an end says: None for a good end (`true`, or anything false).

        Raises:
            PacketError: the body is no JSON.
        """
        value = decode_body(flags, body)
        if value is True or not value:
            return None
        if isinstance(value, dict):
            stack = value.get("stack")
            return Failure(
                text_of(value.get("message", "")),
                text_of(value.get("name", "Error")),
                None if stack is None else text_of(stack),
            )
        return Failure(text_of(value))


@dataclass(frozen=True, slots=True)
class Request:
    """The peer called a method; `args` is its JSON array. A sync method is called as "async"."""

    call: int
    type: CallType
    name: tuple[str, ...]
    args: bytes


@dataclass(slots=True)
class Items:
    """Items of a stream in order: all that one reading of the wire brought for this call.

    `types` has one byte a body: 0 bytes, 1 UTF-8 text, 2 JSON.
    """

    call: int
    bodies: list[bytes]
    types: bytes


@dataclass(frozen=True, slots=True)
class Value:
    """The answer to an async call of ours."""

    call: int
    body: bytes
    type: int = JSON


@dataclass(frozen=True, slots=True)
class Ended:
    """The peer's direction of a call is over.

    With a failure, or where one direction is all there is to read or to write (its source, and any source
    or sink of ours), the whole call is over and the session has answered. A sink or duplex of the peer, or a
    duplex of ours, still waits for our `end`.
    """

    call: int
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is over; None after a goodbye, else the reason."""

    reason: str | None


Event = Request | Items | Value | Ended | Closed
