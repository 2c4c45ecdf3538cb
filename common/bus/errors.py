"""What can go wrong on the bus, and whose fault it is (docs/bus.md, section 4).

    BusError                 fault, code, message
    +-- CallerError          a bad request: reply, nothing more
    +-- PeerError            the remote peer broke its protocol
    +-- OurError             this suite: logged as an error by who raises it
        +-- Unavailable      the service is away, or went away
        +-- DeadlineExceeded an async call took too long
        +-- EndpointError    an endpoint that is unsafe or taken: nothing was bound (a StartError)
            +-- KeysError    the keys for tcp are missing or damaged

Knows the three faults and the codes; must never know sockets or calls. Raised by handlers and by
every module of the bus; `revive` makes the right class of what came over the wire.
"""

from common.runtime.errors import StartError

FAULTS = ("caller", "peer", "ours")
MAX_TEXT = 8192  # an error text fits its header, whatever it quotes


class BusError(Exception):
    """An error as it travels: who is to blame, a word for programs, a text for people."""

    def __init__(self, fault: str, code: str, message: str) -> None:
        super().__init__(message)
        self.fault = fault
        self.code = code
        self.message = message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.fault!r}, {self.code!r}, {self.message!r})"


class CallerError(BusError):
    """A bad request; `code` is `bad_argument`, `no_such_method`, `not_allowed`, `not_found`..."""

    def __init__(self, message: str, code: str = "bad_argument") -> None:
        super().__init__("caller", code, message)


class PeerError(BusError):
    """The remote peer broke the protocol; who holds its connection may close it."""

    def __init__(self, message: str, code: str = "protocol") -> None:
        super().__init__("peer", code, message)


class OurError(BusError):
    """A fault of this suite."""

    def __init__(self, message: str, code: str = "internal") -> None:
        super().__init__("ours", code, message)


class Unavailable(OurError):  # noqa: N818  the word of the contract
    """The service is not there, or ended while the call was open."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "unavailable")


class DeadlineExceeded(OurError):  # noqa: N818  the word of the contract
    """An async call was not answered in time."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "deadline")


class EndpointError(OurError, StartError):
    """An endpoint cannot be used: its folder is open to others, or its name is taken."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "refused")


class KeysError(EndpointError):
    """The keys of a bus over tcp cannot be used."""


def revive(fault: str, code: str, message: str) -> BusError:
    """Make the error that an `error` message describes; an unknown fault counts as ours."""
    if fault == "caller":
        return CallerError(message, code)
    if fault == "peer":
        return PeerError(message, code)
    if code == "unavailable":
        return Unavailable(message)
    if code == "deadline":
        return DeadlineExceeded(message)
    return OurError(message, code)


def describe(error: BusError) -> dict[str, str]:
    """Make the options of the `error` message that carries this error."""
    return {
        "fault": error.fault if error.fault in FAULTS else "ours",
        "code": _sendable(error.code),
        "message": _sendable(error.message),
    }


def _sendable(text: str) -> str:
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()
