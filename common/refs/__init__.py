"""Ids of feeds, messages and blobs, multiserver addresses, SSB URIs. Pure."""

from common.refs.ids import (
    BlobId,
    FeedId,
    MessageId,
    blob_id,
    feed_id,
    is_blob,
    is_feed,
    is_message,
    message_id,
    raw,
)

__all__ = [
    "BlobId",
    "FeedId",
    "MessageId",
    "blob_id",
    "feed_id",
    "is_blob",
    "is_feed",
    "is_message",
    "message_id",
    "raw",
]
