"""The table of indexing: which method is answered by whom, with its muxrpc type."""

from collections.abc import Mapping

from common.bus import Method
from common.refs import FeedId
from services.indexing.adapters.log import Log
from services.indexing.handlers.friends import FriendHandlers
from services.indexing.handlers.graph import GraphHandlers
from services.indexing.handlers.messages import MessageHandlers
from services.indexing.model import Index

__all__ = ["methods"]


def methods(index: Index, log: Log, own: FeedId, max_hops: float) -> Mapping[str, Method]:
    """What indexing offers on the bus; all of it that is muxrpc is for the master only."""
    messages, graph = MessageHandlers(index, log), GraphHandlers(index, log)
    friends = FriendHandlers(index, log, own, max_hops)
    return {
        "messagesByType": Method("source", messages.messages_by_type),
        "createFeedStream": Method("source", messages.create_feed_stream),
        "friends.hops": Method("async", friends.hops),
        "friends.isFollowing": Method("async", friends.is_following),
        "friends.isBlocking": Method("async", friends.is_blocking),
        "friends.graph": Method("async", friends.graph),
        "friends.get": Method("async", friends.get),
        "friends.help": Method("sync", friends.help),
        "friends.onEdge": Method("sync", friends.on_edge),
        "friends.hopStream": Method("source", graph.hop_stream),
        "friends.graphStream": Method("source", graph.graph_stream),
        "friends.stream": Method("source", graph.stream),
        "friends.createFriendStream": Method("source", graph.create_friend_stream),
        "graph.edges": Method("source", graph.graph_edges, muxrpc=False),
        "health": Method("async", messages.health, muxrpc=False),
    }
