"""What came out of boxes and envelopes for us, through queries: `private.read`.

Answers as ssb-private 1.1.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.bus import Call, CallerError, Method
from common.query import indexes
from common.query.choice import Index
from common.query.errors import QueryError
from common.query.keys import joined, part_of
from common.query.request import Request, read_request
from services.indexing.adapters.reader import Reader
from services.indexing.answering import faults
from services.indexing.linking import LinkRows, read_links
from services.indexing.model.message import Message
from services.indexing.model.shown import Shown, shown
from services.indexing.model.view import View

__all__ = ["VIEWS", "methods"]


class _Privates:
    """The message, in the order of the log, and by author and type."""

    name = "privates"
    indexes = indexes.PRIVATE
    by_arrival = frozenset({"TSP", "ATY"})

    def keys(self, message: Message) -> Iterator[tuple[int, bytes]]:
        if message.opened is None:
            return
        yield 0, b"TSP" + joined()
        content = message.content
        if not isinstance(content, dict) or "type" not in content:
            return
        try:
            kind = part_of(content["type"])
        except QueryError:  # an object has no place
            return
        yield 0, b"ATY" + joined(part_of(message.value["author"]), kind)

    def links(self, message: Message) -> list[dict[str, Any]]:
        return [] if message.opened is None else [shown(message).item]

    def given(self, index: Index, message: Message, link: dict[str, Any]) -> Shown:
        assert index is not None  # noqa: S101  whichever it is: the message holds its fields
        assert link is not None  # noqa: S101
        return shown(message)


VIEWS: tuple[View, ...] = (LinkRows(_Privates()),)


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def read(call: Call) -> None:
        """`private.read`: private messages for us, through the stages of a query."""
        with faults():
            await read_links(call, reader, _request(call.args), _Privates())

    return {"private.read": Method("source", read)}


def _request(args: list[Any]) -> Request:
    """The options, which must be there: what is no object has none, and an array has JavaScript's own `reverse`.

    A query that is a text lets everything pass, as with ssb-private.
    """
    given = args[0] if args else None
    if given is None:
        raise CallerError("private.read: expected options, {} for none")
    request = read_request([given] if isinstance(given, dict) else [], texts=False)
    return request._replace(reverse=True) if isinstance(given, list) else request
