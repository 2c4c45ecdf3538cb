"""Which names of settings mean something, here or in the servers whose configuration is taken over.

Knows names, and which is meant where one is misspelt; never values. Called by `sbot start` and by the tests of the docs.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

__all__ = ["IGNORED", "OTHERS", "leaves", "unknown"]

OTHERS: Final = frozenset(
    {
        "path",
        "secret",
        "config",
        "host",
        "port",
        "ws.port",
        "verbose",
        "worker",
        "force",
        "sealed",
        "caps.sign",
        "connections.incoming",
        "bus.dir",
        "bus.keys",
        "bus.endpoints",
        "workers.network",
        "workers.replication",
    }
)
"""Settings without a default in config/defaults.toml; the name of a group stands for all below it."""

IGNORED: Final[Mapping[str, str]] = {
    "keys": "the identity is read from the file `secret` alone",
    "key": "the command takes the identity of the data folder",
    "remote": "the command finds the server by its unix socket, or by host and port",
    "manifest": "it is read from the data folder",
    "temp": "of tests of ssb-server: a folder is named by `path`",
    "seed": "of tests of ssb-server",
    "party": "of ssb-party, which is another program",
    "timeout": "of ssb-gossip, where it does nothing either",
    "friends.dunbar": "nothing reads it, in ssb-server neither",
    "replication.dunbar": "the limits are `replication.maxFeeds` and those beside it",
    "replication.hops": "of older servers: `friends.hops` counts",
    "replicate.legacy": "createHistoryStream is always there for who has no EBT",
    "replicate.fallback": "EBT first, histories where it is refused or silent",
    "ebt.logging": "`logging.level` is for all",
    "gossip.connections": "it does nothing in ssb-server either: `conn.quotas`",
    "plugins": "npm plugins are not run: see `plugins.help`",
    "caps.invite": "of ssb-peer-invites, which is not here",
    "connections.outgoing": "net, ws, wss and onion are dialled as addresses say, all with shs",
    "timers.connection": "a dial has its own time-out, as in ssb-conn",
    "timers.reconnect": "`conn` backs off by itself",
    "timers.keepalive": "the system keeps connections alive",
    "nativeAddons": "there are none",
    "tunnel": "of rooms, which are not here yet",
    "room": "of rooms, which are not here yet",
}
"""Settings of ssb-server and its plugins that change nothing here, and why; names of groups stand for all below them."""


def leaves(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted names of a configuration with their values; an empty map is one too."""
    for name, value in document.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def unknown(
    document: Mapping[str, Any], defaults: Mapping[str, Any]
) -> list[tuple[str, str | None]]:
    """The names in a configuration that mean nothing, each with the known one that it resembles most."""
    known = {*(name for name, _ in leaves(defaults)), *OTHERS, *IGNORED}
    found = []
    for name, _ in leaves(document):
        if not _is_known(name, known):
            near = get_close_matches(name, known, n=1)
            found.append((name, near[0] if near else None))
    return found


def _is_known(name: str, known: set[str]) -> bool:
    """Whether a name, a group that it is in, or a group of its name is known; words of a list are no names."""
    parts = name.split(".")
    groups = {".".join(parts[: n + 1]) for n in range(len(parts))}
    return bool(groups & known) or any(one.startswith(f"{name}.") for one in known)
