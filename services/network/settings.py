"""The settings that only network reads, with the names of the plugins; the defaults are in config/defaults.toml."""

from typing import Literal

import msgspec

__all__ = ["Audience", "Conn", "Firewall", "Onion", "Ws"]

Audience = Literal["off", "local", "public"]
"""Nobody, clients of this machine, everybody."""


class Firewall(msgspec.Struct, frozen=True, rename="camel"):
    """`conn.firewall` (ssb-conn-firewall): whether those whom our feed blocks, or does not know, are refused."""

    reject_blocked: bool
    reject_unknown: bool


class Conn(msgspec.Struct, frozen=True, rename="camel"):
    """`conn`, of which the rest is for `peers`."""

    firewall: Firewall


class Onion(msgspec.Struct, frozen=True, rename="camel"):
    """`onion`: the SOCKS proxies that know the way to hidden hosts, tried in order; none for no way."""

    proxies: tuple[str, ...]


class Ws(msgspec.Struct, frozen=True, rename="camel"):
    """`ws` (ssb-ws): who is answered over plain HTTP, whose requests have a missing blob wanted, for how many ms.

    `metrics` is ours: who may read the counters of the server.
    """

    http: Audience
    wants: Audience
    metrics: Audience
    timeout: int
