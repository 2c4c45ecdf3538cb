"""Who counts as what, and how long a failure puts a peer off.

Knows one entry and how far its peer is in the graph. Must never know who else waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from services.peers.model.entry import Entry

__all__ = ["GROUPS", "Group", "Wishes", "back_off", "group_of", "is_dead", "patience_ms"]

Group = Literal["rooms", "friends", "seeds", "lan", "strangers"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

FIRST_WAIT_MS: Final = 2 * SECOND
FIRST_WAIT_OF_ANNOUNCED_MS: Final = MINUTE
"""ssb-gossip's factors for those we chose and for those that were never reached."""

LONGEST_WAIT_MS: Final = 10 * MINUTE
LONGEST_WAIT_OF_UNREACHED_MS: Final = 3 * HOUR
"""ssb-gossip's limits for peers that were connected before and for the others."""

LONGEST_WAIT_OF_RUMOURS_MS: Final = 24 * HOUR
"""Announced once and never reached: once a day until it is given up."""

MAX_DOUBLINGS: Final = 24
DEAD_FAILURES: Final = 10
"""Fewer do not make a peer dead, however long ago the first was: we may have been off ourselves."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings say: places in each group, when to rotate, when a peer is given up; times in ms.

    `believes_loopback` tells whether announced addresses of this machine are dialled.
    """

    quotas: Mapping[Group, int]
    rotation_ms: float
    dead_after_ms: float
    believes_loopback: bool = False


def group_of(entry: Entry, hops: int | None) -> Group:
    """Whose quota a peer is dialled from. Friends are those our own feed follows."""
    kind = entry.kind
    if kind == "room":
        return "rooms"
    if kind == "lan":
        return "lan"
    if entry.data.get("source") == "seed":
        return "seeds"
    return "friends" if hops == 1 else "strangers"


def back_off(entry: Entry, group: Group, chance: float) -> int:
    """How long to leave a peer alone after its failures so far, in ms: doubled by each, up to a limit.

    Up to a quarter is left to chance: two that lost each other at the same moment do not meet at the same moment
    for ever.
    """
    rumour = group == "strangers" and entry.is_announced
    first = FIRST_WAIT_OF_ANNOUNCED_MS if rumour and not entry.was_reached else FIRST_WAIT_MS
    if group in ("seeds", "lan") or (entry.was_reached and not rumour):
        longest = LONGEST_WAIT_MS
    elif entry.was_reached or not rumour:
        longest = LONGEST_WAIT_OF_UNREACHED_MS
    else:
        longest = LONGEST_WAIT_OF_RUMOURS_MS
    doublings = min(entry.failures + entry.flaps, MAX_DOUBLINGS)
    return int(min(first * 2**doublings, longest) * (1 - chance / 4))


def is_dead(entry: Entry, group: Group, now: int, dead_after_ms: float) -> bool:
    """Whether a peer failed so often and for so long that it is given up; seeds never are."""
    since = entry.data.get("failingSince")
    return (
        group != "seeds"
        and entry.failures >= DEAD_FAILURES
        and isinstance(since, int)
        and now - since >= dead_after_ms
    )


def patience_ms(entry: Entry) -> int:
    """How long a dial may take (maxWaitToConnect of ssb-conn)."""
    return 30 * SECOND if entry.kind in ("lan", "room") else 10 * SECOND
