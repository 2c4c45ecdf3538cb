"""The settings that only this service reads: `conn`, `gossip`, `offline`.

Knows names and types; the defaults are in config/defaults.toml.
"""

import msgspec

from common.runtime.settings import Settings
from services.peers.model.groups import Group, Wishes

__all__ = ["Conn", "Firewall", "Gossip", "Quotas", "is_offline", "wishes"]


class Quotas(msgspec.Struct, rename="camel", frozen=True):
    """How many of each group are dialled at a time."""

    rooms: int
    friends: int
    seeds: int
    lan: int
    strangers: int


class Firewall(msgspec.Struct, rename="camel", frozen=True):
    """Whom the door refuses (ssb-conn-firewall)."""

    reject_blocked: bool
    reject_unknown: bool


class Conn(msgspec.Struct, rename="camel", frozen=True):
    """The section `conn`: ssb-conn's keys, and ours. Times in ms."""

    autostart: bool
    populate_pubs: bool
    rotation: float
    dead_after: float
    quotas: Quotas
    firewall: Firewall


class Gossip(msgspec.Struct, rename="camel", frozen=True):
    """The section `gossip`, which `gossip.enable` and `gossip.disable` write: what is dialled at all."""

    auto_populate: bool
    pub: bool
    local: bool
    friends: bool
    seed: bool
    global_: bool = msgspec.field(name="global")


class _Offline(msgspec.Struct):
    offline: bool


def is_offline(settings: Settings) -> bool:
    """Whether nobody is dialled and nothing is announced."""
    given = settings.document.get("offline")
    return msgspec.convert({"offline": given or False}, _Offline, strict=False).offline


def wishes(conn: Conn, gossip: Gossip) -> Wishes:
    """What the scheduler has to keep to; a group that `gossip` turns off gets no place."""
    quotas: dict[Group, int] = {
        "rooms": conn.quotas.rooms,
        "friends": conn.quotas.friends * gossip.friends,
        "seeds": conn.quotas.seeds * gossip.seed,
        "lan": conn.quotas.lan * gossip.local,
        "strangers": conn.quotas.strangers * gossip.global_,
    }
    return Wishes(quotas, conn.rotation, conn.dead_after)
