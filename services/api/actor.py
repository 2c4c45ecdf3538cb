"""The table of the service `api`: its methods, their muxrpc types, and who may call them.

Everything here is for ourselves (`master`): strangers may call none of it.
"""

from collections.abc import Mapping

from common.bus import Method
from services.api.handlers import Handlers


def methods(handlers: Handlers) -> Mapping[str, Method]:
    """Bind the table to its handlers."""
    return {
        "health": Method("async", handlers.health, muxrpc=False),
        "whoami": Method("sync", handlers.whoami),
        "version": Method("sync", handlers.version),
        "status": Method("sync", handlers.status),
        "friends.follow": Method("async", handlers.follow),
        "friends.block": Method("async", handlers.block),
    }
