"""The table of indexing: which method is answered by whom, with its muxrpc type."""

from collections.abc import Mapping

from common.bus import Method
from services.indexing.handlers import Handlers

__all__ = ["methods"]


def methods(handlers: Handlers) -> Mapping[str, Method]:
    """What indexing offers on the bus; all of it that is muxrpc is for the master only."""
    return {
        "messagesByType": Method("source", handlers.messages_by_type),
        "createFeedStream": Method("source", handlers.create_feed_stream),
        "friends.hops": Method("async", handlers.hops),
        "friends.isFollowing": Method("async", handlers.is_following),
        "friends.isBlocking": Method("async", handlers.is_blocking),
        "graph.edges": Method("source", handlers.graph_edges, muxrpc=False),
        "health": Method("async", handlers.health, muxrpc=False),
    }
