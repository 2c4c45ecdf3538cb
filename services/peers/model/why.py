"""Why a peer is connected, or why it is not: one sentence for people.

Knows the pools and what the scheduler may do. Must never decide anything itself beyond whether an entry may be
dialled at all. Asked by the scheduler and by whoever shows peers.
"""

from typing import TYPE_CHECKING

from services.peers.model.entry import Entry
from services.peers.model.hub import Contact

if TYPE_CHECKING:
    from services.peers.model.scheduler import Scheduler

__all__ = ["obstacle", "why"]


def obstacle(entry: Entry, scheduler: "Scheduler") -> str | None:
    """Why an address may not be dialled by itself, whatever waits and whatever is free; None when it may."""
    return _of_itself(entry, scheduler) or _of_circumstances(entry, scheduler)


def _of_itself(entry: Entry, scheduler: "Scheduler") -> str | None:
    if entry.key is None:
        return "the address names no key"
    if entry.key == scheduler.pools.own:
        return "it is our own key"
    if scheduler.is_blocked(entry):
        return "our feed blocks it"
    if entry.left_alone:
        return "a call disconnected it, and nobody asked for it since"
    if entry.data.get("autoconnect") is False:
        return "autoconnect is off for it"
    if entry.is_defunct:
        return f"given up: {_failures(entry)}"
    return None


def _of_circumstances(entry: Entry, scheduler: "Scheduler") -> str | None:
    pools = scheduler.pools
    believed = scheduler.wishes.believes_loopback or not entry.is_announced
    if entry.is_loopback and not believed:
        return "it was announced under an address of this machine"
    if not entry.is_loopback and not scheduler.has_network:
        return "this machine has no network"
    if entry.address not in pools.book and pools.hops.get(entry.key or "", -1) < 0:
        return "nobody we know: it waits in staging for a call"
    group = pools.group(entry)
    if not scheduler.wishes.quotas[group]:
        return f"the settings leave no place for {group}"
    return None


def why(entry: Entry, scheduler: "Scheduler", now: int) -> str:
    """Why an address is connected, or why it is not."""
    contact = scheduler.pools.hub.find(entry.address, entry.key)
    if contact is not None:
        return _in_contact(contact, entry)
    hindrance = obstacle(entry, scheduler)
    if hindrance is not None:
        return hindrance
    if not scheduler.is_running:
        return "the scheduler is stopped"
    if not scheduler.knows_graph:
        return "it is not known yet whom our feed blocks"
    ahead = entry.next_dial - now
    if 0 < ahead <= entry.wait + 1_000:
        return f"dialled again in {_length(ahead)}: {_failures(entry)}"
    group = scheduler.pools.group(entry)
    quota, taken = scheduler.wishes.quotas[group], len(scheduler.places(group))
    if taken >= quota:
        return f"waits for a place: {taken} of {quota} for {group} are taken"
    return "about to be dialled"


def _in_contact(contact: Contact, entry: Entry) -> str:
    if contact.state == "connecting":
        return "being dialled"
    if contact.state == "disconnecting":
        return "being disconnected"
    where = "" if contact.address == entry.address else f" by {contact.address}"
    if not contact.dialled:
        return f"connected{where}: it dialled us"
    return f"connected{where}: dialled as one of {contact.group}"


def _failures(entry: Entry) -> str:
    if entry.failures:
        said = f", the last time: {entry.error}" if entry.error else ""
        return f"failed {entry.failures} times{said}"
    return "its last connection ended early" if entry.flaps else "it was just here"


def _length(ms: int) -> str:
    seconds = -(-ms // 1_000)
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds // 3_600} h"
