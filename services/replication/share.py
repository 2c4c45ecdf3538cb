"""Which peers this worker replicates with, of all that the workers of `network` are connected to.

Knows names of workers. Must never know connections. Asked by who follows `connections.changes`.
"""

from typing import NamedTuple

from common.runtime.settings import Settings
from common.runtime.workers import owner

__all__ = ["NAME", "Share", "share_of"]

NAME = "replication"


class Share(NamedTuple):
    """Our own name on the bus, the names of all workers of our service, and those of `network`."""

    own: str = NAME
    workers: tuple[str, ...] = (NAME,)
    networks: tuple[str, ...] = ("network",)

    @property
    def is_first(self) -> bool:
        """Whether this worker speaks for all."""
        return self.own == self.workers[0]

    @property
    def colleagues(self) -> tuple[str, ...]:
        """The workers that this one talks to: the first to all others, those to the first."""
        return self.workers[1:] if self.is_first else self.workers[:1]

    def has(self, feed: str) -> bool:
        """Whether a peer is ours: each belongs to one worker, on all its connections."""
        return owner(feed, self.workers) == self.own


def share_of(settings: Settings) -> Share:
    """The part of this process."""
    return Share(settings.own_name(NAME), settings.workers(NAME), settings.workers("network"))
