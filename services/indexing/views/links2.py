"""Links between feeds, messages and blobs, by source, relation and destination: `links2.read`, `links2.help`.

Answers as ssb-links 3.0.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.bus import Call, Method
from common.feed.javascript import number
from common.query import indexes
from common.query.choice import Index
from common.query.keys import joined, part_of
from common.query.links2 import relation
from common.query.request import read_request
from services.indexing.adapters.reader import Reader
from services.indexing.answering import faults
from services.indexing.linking import LinkRows, read_links
from services.indexing.model.message import Message
from services.indexing.model.shown import Shown
from services.indexing.model.view import View

__all__ = ["VIEWS", "methods"]


class _Links2:
    """`{source, rel, dest, ts}`."""

    name = "links2"
    indexes = indexes.LINKS2
    by_arrival = frozenset({"SRD", "DRS", "RDS"})

    def keys(self, message: Message) -> Iterator[tuple[int, bytes]]:
        links = message.links_of_value
        if not links:
            return
        source, content = part_of(message.value["author"]), message.content
        for n, link in enumerate(links):
            dest, rel = part_of(link.dest), part_of(relation(link, content))
            yield n, b"SRD" + joined(source, rel, dest)
            yield n, b"DRS" + joined(dest, rel, source)
            yield n, b"RDS" + joined(rel, dest, source)

    def links(self, message: Message) -> list[dict[str, Any]]:
        author, received = message.value["author"], number(message.record.received)
        return [
            {
                "source": author,
                "dest": link.dest,
                "rel": relation(link, message.content),
                "ts": received,
            }
            for link in message.links_of_value
        ]

    def given(self, index: Index, message: Message, link: dict[str, Any]) -> Shown:
        assert message is not None  # noqa: S101  the link says all
        return Shown({field: link[field] for field in index.fields if isinstance(field, str)})


VIEWS: tuple[View, ...] = (LinkRows(_Links2()),)


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def read(call: Call) -> None:
        """`links2.read`: links through the stages of a query."""
        with faults():
            await read_links(call, reader, read_request(call.args), _Links2())

    async def help_text(call: Call) -> object:
        """`links2.help`."""
        assert call is not None  # noqa: S101
        return _HELP

    return {"links2.read": Method("source", read), "links2.help": Method("sync", help_text)}


_HELP = {
    "description": "links that messages make to feeds, messages and blobs",
    "commands": {
        "read": {
            "type": "source",
            "description": "what a query finds",
            "args": {
                "query": {
                    "type": "MapFilterReduce",
                    "description": "the stages of map-filter-reduce over source, rel, dest and ts",
                }
            },
        }
    },
}
