"""All messages that anybody ever wrote, forged ones too.

A body names its author, sequence and branch, so that a feed can be written twice; ids are hashes of bodies. What
signatures do for real messages the library does here: a body that it never gave out is nobody's.
"""

from base64 import b64decode
from hashlib import blake2b

from common.feed.validate import Verified
from common.gossip import Message
from common.refs import FeedId, feed_id

MESSAGE_BYTES = 500
NOTE_BYTES = 60


def feed(number: int) -> FeedId:
    """The id of a feed by its number."""
    return feed_id(number.to_bytes(32))


def number(one: FeedId) -> int:
    """The number of a feed."""
    return int.from_bytes(b64decode(one[1:-8]))


def name(one: FeedId) -> str:
    """A feed, to be read by people."""
    return f"feed {number(one)}"


class Library:
    """Bodies, and what they are."""

    def __init__(self) -> None:
        self._messages: dict[bytes, Message] = {}
        self._verified: dict[bytes, Verified] = {}

    def write(self, author: FeedId, before: Verified | None, branch: str) -> Verified:
        """The message of a branch that comes after another one; the same each time."""
        sequence = before.sequence + 1 if before else 1
        body = f"{author} {sequence} {branch}".encode()
        known = self._verified.get(body)
        if known is not None:
            return known
        key = blake2b(body, digest_size=32).digest()
        raw = author.encode()[1:33]
        previous = before.key if before else None
        written = Verified(key, author, raw, sequence, previous, 0, body, None)
        self._messages[body] = Message(author, sequence, body)
        self._verified[body] = written
        return written

    def forge(self, author: FeedId, sequence: int) -> bytes:
        """A message that the author never signed."""
        body = f"{author} {sequence} forged".encode()
        self._messages[body] = Message(author, sequence, body)
        return body

    def read(self, body: bytes) -> Message:
        """What a body says of itself."""
        return self._messages[body]

    def verify(self, body: bytes) -> Verified | None:
        """The message, if it is its author's."""
        return self._verified.get(body)
