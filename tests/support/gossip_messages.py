"""Feeds and messages for playbooks of the EBT machine: bodies that nobody reads."""

from common.gossip import Message
from common.refs import FeedId, feed_id

FEEDS = [feed_id(bytes([n]) * 32) for n in range(12)]


def body(feed: FeedId, sequence: int) -> bytes:
    return f"{feed} {sequence}".encode()


def message(feed: FeedId, sequence: int) -> Message:
    return Message(feed, sequence, body(feed, sequence))
