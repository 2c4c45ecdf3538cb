"""The settings that only this service reads: `conn`, `gossip`, `lan`, `offline`.

Knows names and types; the defaults are in config/defaults.toml.
"""

import msgspec

from common.runtime.settings import Settings
from services.peers.model.entry import is_loopback
from services.peers.model.groups import Group, Wishes

__all__ = [
    "GROUPS_OF",
    "Conn",
    "Firewall",
    "Gossip",
    "Lan",
    "Quotas",
    "is_offline",
    "lan_ports",
    "listens_only_here",
    "looks_around",
    "turned_off",
    "wishes",
]


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

    @property
    def announces(self) -> bool:
        """Whether messages of type `pub` are believed."""
        return self.auto_populate and self.pub


class Lan(msgspec.Struct, frozen=True):
    """The section `lan` (ssb-lan): whether the calls of ssb-local are made and heard too."""

    legacy: bool


class _Offline(msgspec.Struct):
    offline: bool


def is_offline(settings: Settings) -> bool:
    """Whether nobody is dialled and nothing is announced."""
    given = settings.document.get("offline")
    return msgspec.convert({"offline": given or False}, _Offline, strict=False).offline


PLAIN_PORT = 8008
GROUPS_OF: dict[str, Group] = {
    "friends": "friends",
    "seed": "seeds",
    "local": "lan",
    "global": "strangers",
}
"""ssb-gossip's names of what is turned on and off."""


def turned_off(gossip: Gossip) -> frozenset[Group]:
    """The groups that the settings turn off."""
    on = {
        "friends": gossip.friends,
        "seed": gossip.seed,
        "local": gossip.local,
        "global": gossip.global_,
    }
    return frozenset(GROUPS_OF[name] for name, value in on.items() if not value)


def wishes(conn: Conn, off: frozenset[Group], *, only_here: bool) -> Wishes:
    """What the scheduler has to keep to; a group that is turned off gets no place.

    `only_here` tells that we listen on this machine alone: then so do those who announce it.
    """
    given: dict[Group, int] = {
        "rooms": conn.quotas.rooms,
        "friends": conn.quotas.friends,
        "seeds": conn.quotas.seeds,
        "lan": conn.quotas.lan,
        "strangers": conn.quotas.strangers,
    }
    quotas = {group: 0 if group in off else quota for group, quota in given.items()}
    return Wishes(quotas, conn.rotation, conn.dead_after, only_here)


def listens_only_here(settings: Settings) -> bool:
    """Whether nobody beyond this machine can reach us."""
    hosts = [
        place.host
        for kind in ("net", "ws")
        for place in settings.connections_incoming.get(kind, ())
    ]
    return bool(hosts) and all(map(is_loopback, hosts))


def lan_ports(settings: Settings) -> tuple[int, ...]:
    """The UDP ports of plain calls: ssb-lan's, and ours for ssb-local's sake, which calls on its own port."""
    if not settings.section("lan", Lan).legacy:
        return ()
    return tuple(dict.fromkeys(port for port in (PLAIN_PORT, settings.port) if port))


def looks_around(settings: Settings) -> bool:
    """Whether we call out on the local network at start; who listens on this machine alone does not."""
    return settings.local and not listens_only_here(settings)
