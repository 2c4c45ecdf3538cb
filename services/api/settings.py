"""The settings that only `api` reads, with the names of the plugins; the defaults are in config/defaults.toml."""

import msgspec


class Ooo(msgspec.Struct, frozen=True, rename="camel"):
    """`ooo` (ssb-ooo): how long peers are asked for one message, and whether `get` does so on a miss."""

    timeout: float
    hook: bool


class FriendsPurge(msgspec.Struct, frozen=True, rename="camel"):
    """`friendsPurge` (ssb-friends-purge): whether it begins by itself."""

    autostart: bool


class Retention(msgspec.Struct, frozen=True, rename="camel"):
    """`retention`: after how many days (0: never) feeds beyond `hops` (below 0: `friends.hops`) go; a look each `every` ms."""

    days: float
    hops: float
    every: float
