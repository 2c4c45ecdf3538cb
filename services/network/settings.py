"""The settings that only network reads, with the names of the plugins; the defaults are in config/defaults.toml."""

import msgspec

__all__ = ["Onion"]


class Onion(msgspec.Struct, frozen=True, rename="camel"):
    """`onion`: the SOCKS proxies that know the way to hidden hosts, tried in order; none for no way."""

    proxies: tuple[str, ...]
