"""The view of what each feed said about others, in public or to us: what the follow graph is made of.

Knows contact messages; the fold keeps the graph in memory after it.
"""

from collections.abc import Iterable, Iterator

from common.graph import Edge, edge_of
from common.refs import FeedId, feed_id, raw
from services.indexing.model.message import PRIVATE, Message
from services.indexing.model.social import Said
from services.indexing.model.view import Row

__all__ = ["Contacts"]

_PAIR = 64
_SIGNS = (b'"contact"', b".box")
"""What a message has somewhere that may draw an edge: the member, or a box that may hold it."""


class Contacts:
    """Source, dest, position -> value, of every contact message."""

    name = "contacts"
    version = 3
    reads: frozenset[int] = frozenset()

    def rows(self, message: Message) -> Iterator[Row]:
        """One row for a contact message; ids that name no key draw no edge."""
        edge = edge_of(message.value["author"], message.content)
        if edge is not None and feed_id(raw(edge.dest)) == edge.dest:
            key = message.record.author + raw(edge.dest) + message.position.to_bytes(8)
            yield Row(key, edge.value.to_bytes(1, signed=True), message.space)

    @staticmethod
    def may_speak(message: bytes) -> bool:
        """Whether the JSON of a message may draw an edge; most do not, which is seen without parsing them."""
        return any(sign in message for sign in _SIGNS)

    @staticmethod
    def pair(key: bytes) -> bytes:
        """What all rows about the same two feeds begin with."""
        return key[:_PAIR]

    @staticmethod
    def said(pair: bytes, last: Row | None) -> Said:
        """What the last row about two feeds says; None where there is none any more."""
        source, dest = FeedId(feed_id(pair[:32])), FeedId(feed_id(pair[32:]))
        if last is None:
            return Said(source, dest, None, private=False)
        value = int.from_bytes(last.value, signed=True)
        edge = Edge(source, dest, value)  # type: ignore[arg-type]
        return Said(source, dest, edge, last.space == PRIVATE)

    @classmethod
    def all_said(cls, rows: Iterable[Row]) -> Iterator[Said]:
        """What was said last about each pair, of rows in the order of their keys."""
        last: Row | None = None
        for row in rows:
            if last is not None and cls.pair(last.key) != cls.pair(row.key):
                yield cls.said(cls.pair(last.key), last)
            last = row
        if last is not None:
            yield cls.said(cls.pair(last.key), last)
