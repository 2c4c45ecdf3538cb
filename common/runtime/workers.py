"""Names of workers: several processes of one service, each with a name of its own on the bus.

Knows names and how work is split among them; never how many there are (`Settings.workers` tells) or what they do.
Called by every service that is, or talks to, one of several. The first worker has the plain name of its service,
so that a suite with one of each knows nothing of this: `network`, `network.2`, `network.3`, ...
"""

import hashlib

__all__ = ["MANY", "MAX_WORKERS", "connection_name", "names", "owner", "service_of", "worker_of"]

MANY = ("network", "replication")
"""Services of which there may be several workers; all others write something alone."""
MAX_WORKERS = 64
"""Of one service: more than processors that one machine has, and each is called by all."""


def names(service: str, count: int) -> tuple[str, ...]:
    """The names on the bus of so many workers of a service."""
    return tuple(service if n == 1 else f"{service}.{n}" for n in range(1, count + 1))


def service_of(worker: str) -> str:
    """The service that a worker belongs to: `network` of `network.2`."""
    return worker.partition(".")[0]


def connection_name(worker: str, number: int) -> str:
    """The name of a connection that stands in this worker of `network`: `network.2/17`."""
    return f"{worker}/{number}"


def worker_of(connection: str) -> str:
    """The worker of `network` in which a connection of this name stands: whom `connections.call` is sent to."""
    worker, slash, _ = connection.partition("/")
    return worker if slash else "network"


def owner(feed: str, workers: tuple[str, ...]) -> str:
    """The one of these workers that a feed belongs to; the same in every process and at every time."""
    if len(workers) == 1:
        return workers[0]
    digest = hashlib.sha256(feed.encode()).digest()
    return workers[int.from_bytes(digest[:8], "big") % len(workers)]
