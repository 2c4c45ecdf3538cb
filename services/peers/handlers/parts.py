"""What the handlers work with, and what they all ask of their arguments."""

from collections.abc import Mapping
from typing import Any, Protocol

from common.bus import Call, CallerError
from common.refs.multiserver import is_multiserver
from services.peers.adapters.door import Door
from services.peers.adapters.lan import Lan
from services.peers.adapters.rounds import Rounds
from services.peers.model.entry import Data, Entry
from services.peers.model.hub import Contact
from services.peers.model.pools import Pools
from services.peers.model.scheduler import Scheduler

__all__ = ["Parts", "address_of", "answer_of", "argument", "kept"]

NOT_MULTISERVER = "The given address is not a valid multiserver-address"


class Parts(Protocol):
    """The parts of the service."""

    pools: Pools
    scheduler: Scheduler
    rounds: Rounds
    door: Door
    lan: Lan
    pause_ms: int

    def clock(self) -> int:
        """The time in ms since 1970."""

    def begin(self) -> None:
        """Let the scheduler dial, and look for the local network where the settings say so."""

    def passed_over(self) -> Mapping[str, int]:
        """Announcements that were not believed, by reason."""

    def turn(self, kind: str, *, on: bool) -> None:
        """Dial a group of ssb-gossip's names, or do not; kept in the configuration."""


def argument(call: Call, place: int, default: object = None) -> Any:
    """An argument, or the default where there is none."""
    return call.args[place] if len(call.args) > place else default


def address_of(call: Call) -> str:
    """The first argument, a multiserver address.

    Raises:
        CallerError: it is none, in ssb-conn's words.
    """
    address = argument(call, 0)
    if not isinstance(address, str) or not is_multiserver(address):
        raise CallerError(NOT_MULTISERVER)
    return address


def answer_of(contact: Contact) -> object:
    """What is left of the reference's rpc object when it has become JSON."""
    stream = {"closed": False, "address": contact.address}
    return {"stream": stream, "closed": False, "id": contact.key}


def kept(parts: Parts, address: str, data: Data) -> Entry:
    """The entry of an address that is kept from now on.

    Raises:
        CallerError: there is no room, or the data are too large.
    """
    try:
        return parts.pools.remember(address, data, parts.clock())
    except ValueError as error:
        raise CallerError(str(error)) from None
