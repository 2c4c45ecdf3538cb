"""How many files and sockets this process may have open.

Knows the limits of the system. Must never know what they are used for. Called when the service starts.
"""

import resource

__all__ = ["sockets"]

RESERVED = 128
"""For the bus, the log, listening sockets, and local clients: strangers must not take the last ones."""


def sockets() -> int:
    """Sockets that strangers may have; asks the system for as many as it gives us first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, 1 << 16)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(hard - RESERVED, 1)
