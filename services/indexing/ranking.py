"""In which order search gives what it found: ssb-search 1.3's.

First what most of the other messages found link to, then what claims to be newer. Pure. Called by `handlers/search.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from common.feed.links import links_in
from common.feed.record import Record
from common.refs import message_id
from services.indexing.model.message import Message, claimed_in, content_at
from services.indexing.model.words import claimed

__all__ = ["Hit", "Ranked", "hit_of", "ranked", "seen"]

_LINK = b'"%'
"""How the id of a message begins in the log, where nothing is escaped that need not be."""


class Hit(NamedTuple):
    """A message that was found: its position, id, claimed time, and the messages it links to."""

    position: int
    key: str
    time: float
    links: tuple[str, ...]


class Ranked(NamedTuple):
    """A message in its place, and how many links of other messages found lead to it."""

    position: int
    key: str
    rank: int


def hit_of(message: Message) -> Hit:
    """What of a message decides about its place, and those of others."""
    links = tuple(link.dest for link in links_in(message.content) if link.dest.startswith("%"))
    key, time = message_id(message.record.key), claimed(message.value["timestamp"])
    return Hit(message.position, key, time, links)


def seen(position: int, record: Record) -> Hit | None:
    """The same, seen in the text of a message that links to no other; None where it must be read for that."""
    claimed = claimed_in(record.message)
    if claimed is None or _LINK in record.message[content_at(record.message) :]:
        return None
    return Hit(position, message_id(record.key), claimed, ())


def ranked(hits: Sequence[Hit]) -> list[Ranked]:
    """All in their order; of two that are equal what came last is first."""
    found = {hit.key for hit in hits}
    counts = Counter(_known(found, hits))
    ordered = sorted(hits, key=lambda hit: (-counts[hit.key], -hit.time, -hit.position))
    return [Ranked(hit.position, hit.key, counts[hit.key]) for hit in ordered]


def _known(found: set[str], hits: Iterable[Hit]) -> Iterable[str]:
    return (dest for hit in hits for dest in hit.links if dest in found)
