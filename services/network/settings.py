"""The settings that only network reads, with the names of the plugins; the defaults are in config/defaults.toml."""

import msgspec

__all__ = ["Conn", "Firewall", "Onion"]


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
