"""The table of the service `storage`: its methods, their muxrpc types, and who may call them.

What muxrpc clients see is for ourselves (`master`) alone; peers get messages from `replication`. What `get` does
not find here `api` asks peers for.
"""

from collections.abc import Mapping

from common.bus import Method
from services.storage.adapters.compactor import Compactor
from services.storage.adapters.database import Database
from services.storage.adapters.writer import Writer
from services.storage.boxes import Boxes
from services.storage.condition import condition
from services.storage.handlers.erasures import ErasureHandlers
from services.storage.handlers.feeds import FeedHandlers
from services.storage.handlers.forks import ForkHandlers
from services.storage.handlers.log import LogHandlers
from services.storage.handlers.messages import Identity, MessageHandlers
from services.storage.handlers.own import OwnHandlers
from services.storage.handlers.strays import StrayHandlers
from services.storage.handlers.streams import StreamHandlers
from services.storage.handlers.upkeep import UpkeepHandlers

__all__ = ["methods"]


def methods(
    database: Database, writer: Writer, compactor: Compactor, identity: Identity
) -> Mapping[str, Method]:
    """Bind the table to its handlers."""
    own_feed = identity.own_feed

    def state() -> dict[str, str]:
        return condition(writer.trouble, own_feed.locked(), writer.clock_lag_ms(), own_feed.forked)

    log, feeds = LogHandlers(database, writer, own_feed, state), FeedHandlers(database, writer)
    own, forks = OwnHandlers(own_feed), ForkHandlers(database, writer, own_feed)
    boxes = Boxes(identity.keys)
    messages = MessageHandlers(database, writer, identity, boxes.opened)
    erasures = ErasureHandlers(database, writer, compactor)
    upkeep = UpkeepHandlers(database, writer, compactor, identity.hmac_key)
    streams = StreamHandlers(database, writer, boxes.opened)
    strays = StrayHandlers(database)
    return {
        "health": Method("async", log.health, muxrpc=False),
        "log.append": Method("async", log.append, muxrpc=False),
        "log.position": Method("async", log.position, muxrpc=False),
        "log.read": Method("source", log.read, muxrpc=False),
        "log.get": Method("source", log.get, muxrpc=False),
        "log.erase": Method("async", erasures.erase, muxrpc=False),
        "log.erasures": Method("source", erasures.erasures, muxrpc=False),
        "log.erased": Method("async", erasures.erased, muxrpc=False),
        "log.check": Method("source", upkeep.check, muxrpc=False),
        "log.compact": Method("source", upkeep.compact, muxrpc=False),
        "del": Method("async", erasures.delete),
        "feeds.read": Method("source", log.feed_read, muxrpc=False),
        "feeds.heads": Method("source", log.feed_heads, muxrpc=False),
        "own.seen": Method("async", own.seen, muxrpc=False),
        "own.locked": Method("source", own.locked, muxrpc=False),
        "forks.list": Method("source", forks.list),
        "forks.get": Method("async", forks.get),
        "forks.accept": Method("async", forks.accept),
        "keys.take": Method("async", boxes.take, muxrpc=False),
        "publish": Method("async", messages.publish),
        "publish.sealed": Method("async", messages.publish_sealed, muxrpc=False),
        "add": Method("async", messages.add),
        "get": Method("async", messages.get),
        "ooo.find": Method("source", strays.find, muxrpc=False),
        "ooo.put": Method("async", strays.put, muxrpc=False),
        "getLatest": Method("async", feeds.get_latest),
        "latest": Method("source", feeds.latest),
        "latestSequence": Method("async", feeds.latest_sequence),
        "getVectorClock": Method("async", feeds.vector_clock),
        "getFeedState": Method("async", feeds.feed_state),
        "createWriteStream": Method("sink", messages.create_write_stream),
        "createSequenceStream": Method("source", streams.create_sequence_stream),
        "createRawLogStream": Method("source", streams.create_raw_log_stream),
        "createLogStream": Method("source", streams.create_log_stream),
        "createUserStream": Method("source", streams.create_user_stream),
    }
