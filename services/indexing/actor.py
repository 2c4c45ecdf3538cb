"""The table of indexing: which method is answered by whom, with its muxrpc type.

What the views answer stands in their own files. Everything that is muxrpc is for the master only, but for what the
views allow others.
"""

from common.bus import Method
from services.indexing.adapters.builder import Builder
from services.indexing.adapters.follower import Follower
from services.indexing.adapters.log import Log
from services.indexing.adapters.reader import Reader
from services.indexing.adapters.search import Search
from services.indexing.boxes import Boxes
from services.indexing.handlers.friends import FriendHandlers
from services.indexing.handlers.graph import GraphHandlers
from services.indexing.handlers.groups import GroupHandlers
from services.indexing.handlers.private import PrivateHandlers
from services.indexing.handlers.search import SearchHandlers
from services.indexing.handlers.upkeep import UpkeepHandlers
from services.indexing.model.index import Index
from services.indexing.views import MODULES

__all__ = ["methods", "private_methods"]


def methods(
    index: Index,
    log: Log,
    follower: Follower,
    builder: Builder,
    search: Search,
    *,
    max_hops: float,
) -> dict[str, Method]:
    """What indexing offers on the bus, but for what needs our keys."""
    graph, friends = GraphHandlers(index, log, follower), FriendHandlers(index, follower, max_hops)
    upkeep = UpkeepHandlers(index, log, follower, builder, search)
    reader = Reader(log, index, follower)
    searches = SearchHandlers(reader, search)
    table = {
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
        "search.query": Method("source", searches.query),
        "search.help": Method("sync", searches.help),
        "rebuild": Method("async", upkeep.rebuild),
        "views.wait": Method("async", upkeep.wait, muxrpc=False),
        "views.compact": Method("source", upkeep.compact, muxrpc=False),
        "views.check": Method("source", upkeep.check, muxrpc=False),
        "health": Method("async", upkeep.health, muxrpc=False),
    }
    for module in MODULES:
        table.update(module.methods(reader))
    return table


def private_methods(boxes: Boxes, groups: GroupHandlers) -> dict[str, Method]:
    """What needs our keys."""
    return {
        "private.unbox": Method("sync", PrivateHandlers(boxes).unbox),
        "tribes.register": Method("async", groups.register),
        "tribes.registerAuthors": Method("async", groups.register_authors),
        "tribes.get": Method("async", groups.get),
        "tribes.list": Method("async", groups.list_groups),
        "tribes.listAuthors": Method("async", groups.list_authors),
        "tribes.findByFeedId": Method("async", groups.find_by_feed),
        "tribes.findSubGroupLinks": Method("async", groups.find_subgroups),
        "tribes.subtribe.findParentGroupLinks": Method("async", groups.find_parents),
        "tribes.poBox.create": Method("async", groups.create_po_box),
        "tribes.poBox.get": Method("async", groups.po_box),
        "tribes.ownKeys.list": Method("async", groups.own_keys),
        "tribes.ownKeys.register": Method("async", groups.register_own_key),
        "groups.slots": Method("async", groups.slots, muxrpc=False),
        "groups.note": Method("async", groups.note, muxrpc=False),
    }
