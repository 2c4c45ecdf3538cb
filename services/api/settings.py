"""The settings that only `api` reads, with the names of the plugins; the defaults are in config/defaults.toml."""

import msgspec


class Ooo(msgspec.Struct, frozen=True, rename="camel"):
    """`ooo` (ssb-ooo): how long peers are asked for one message, and whether `get` does so on a miss."""

    timeout: float
    hook: bool
