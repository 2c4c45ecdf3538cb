"""The settings that only replication reads, with the names of the plugins; the defaults are in config/defaults.toml."""

import msgspec


class Scheduler(msgspec.Struct, frozen=True, rename="camel"):
    """`replicationScheduler` (ssb-replication-scheduler): whether the graph says at once whom we replicate."""

    autostart: bool


class Replication(msgspec.Struct, frozen=True, rename="camel"):
    """`replication`: limits of our own, 0 for none (docs/limits.md)."""

    max_feeds: int
    max_messages_per_feed: int
    max_peer_bytes: int
    peer_bytes_window: float
