"""What mentions an id or a channel, anywhere in its content: `backlinks.read`.

Answers as ssb-backlinks 2.1, with what came out of boxes for us.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common.bus import Call, CallerError, Method
from common.feed.items import item_of, js_number
from common.feed.javascript import UNDEFINED, is_truthy, text_of
from common.feed.json import compact_utf8
from common.feed.record import Record
from common.query import indexes
from common.query.backlinks import destinations, resolved_time
from common.query.choice import Index
from common.query.keys import joined, part_of, text_in
from common.query.request import Request, read_request
from services.indexing.adapters.reader import Reader
from services.indexing.answering import faults
from services.indexing.linking import LinkRows, read_links
from services.indexing.model.message import Message, claimed_in
from services.indexing.model.shown import Shown, shown
from services.indexing.model.view import View

__all__ = ["VIEWS", "mentioning", "methods"]


class _Backlinks:
    """The message, with `dest` and, but in the index by time received, `rts`."""

    name = "backlinks"
    indexes = indexes.BACKLINKS
    by_arrival = frozenset({"DTS"})

    def keys(self, message: Message) -> Iterator[tuple[int, bytes]]:
        content = message.content
        found = destinations(content)
        if not found:
            return
        rts = part_of(resolved_time(message.value.get("timestamp"), message.record.received))
        kind = None
        if isinstance(content, dict) and isinstance(content.get("type"), str):
            kind = part_of(content["type"])
        for n, name in enumerate(found):
            dest = part_of(name)
            yield n, b"DTS" + joined(dest)
            yield n, b"DTA" + joined(dest, rts)
            if kind is not None:
                yield n, b"TDT" + joined(kind, dest, rts)

    def links(self, message: Message) -> list[dict[str, Any]]:
        found = destinations(message.content)
        if not found:
            return []
        item = shown(message).item
        rts = resolved_time(item["value"].get("timestamp"), item["timestamp"])
        return [{**item, "rts": rts, "dest": dest} for dest in found]

    def given(self, index: Index, message: Message, link: dict[str, Any]) -> Shown:
        more = {"dest": link["dest"]}
        if index.name != "DTS" and link["rts"] is not UNDEFINED:
            more["rts"] = link["rts"]
        return shown(message, **more)


VIEWS: tuple[View, ...] = (LinkRows(_Backlinks()),)


class _Short:
    """What its key and a look at its text tell of a mention."""

    def at(self, index: Index, key: bytes, message: Message) -> dict[str, Any] | None:
        dest = _dest(index, key)
        if dest is None:
            return None
        claimed, received = message.value.get("timestamp"), message.record.received
        return {"dest": dest, "rts": resolved_time(claimed, received)}

    def unread(self, index: Index, key: bytes, record: Record) -> Shown | None:
        dest, claimed = _dest(index, key), claimed_in(record.message)
        if dest is None or claimed is None:
            return None
        extra = b',"dest":' + compact_utf8(dest)
        if index.name != "DTS" and claimed:
            extra += b',"rts":' + js_number(min(claimed, record.received)).encode()
        return Shown(item_of(record, extra=extra))


def _dest(index: Index, key: bytes) -> str | None:
    return text_in(key[len(index.name) :], index.fields.index(("dest",)))


def mentioning(dest: str) -> tuple[str, bytes]:
    """The view, and what the keys begin with, of the messages that mention something: one row each, by position."""
    return _Backlinks.name, b"DTS" + joined(part_of(dest))


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def read(call: Call) -> None:
        """`backlinks.read`: messages that mention something, through the stages of a query."""
        with faults():
            await read_links(call, reader, _request(call.args), _Backlinks(), _Short())

    return {"backlinks.read": Method("source", read)}


def _request(args: list[Any]) -> Request:
    """The options; an `index` by name is a `$sort` behind the query."""
    if not args or args[0] is None:
        raise CallerError("backlinks.read needs options")
    request = read_request(args, texts=False)
    given = args[0] if args and isinstance(args[0], dict) else {}
    name = given.get("index")
    if not is_truthy(name):
        return request
    index = next((one for one in indexes.BACKLINKS if one.name == name), None)
    if index is None:
        raise CallerError(f"Invalid index: {text_of(name)}")
    query = request.query if is_truthy(request.query) else []
    stages = query if isinstance(query, list) else [query]
    sort = {"$sort": [list(field) for field in index.fields]}
    return request._replace(query=[*stages, sort])
