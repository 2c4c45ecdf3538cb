"""Where feeds say that they can be reached: `deviceAddress.getAddress`.

Answers as ssb-device-address 1.1 does, boxes for us included; who announces is `api`. Keeps no rows: authors and types stand in
the view of `query`, in the order of the log, which within a feed is that of its sequence.
"""

from collections.abc import Mapping
from typing import Any

from common.bus import Call, CallerError, Method
from common.feed.javascript import is_truthy
from common.query.keys import key_of
from common.refs import is_feed
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, Reader
from services.indexing.model.message import Message
from services.indexing.model.view import View
from services.indexing.views.query import Queries

__all__ = ["VIEWS", "methods"]

VIEWS: tuple[View, ...] = ()


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def get_address(call: Call) -> object:
        """`deviceAddress.getAddress(id)`: what a feed, by default our own, announced last; null where it took that back."""
        given = call.args[0] if call.args else None
        feed = given if is_truthy(given) else reader.own
        if not is_feed(feed):
            raise CallerError("deviceAddress.getAddress: a feed id is wanted")
        await reader.caught_up()
        start = b"aty" + key_of([feed, "address"])
        end = next_prefix(start)
        async for rows in reader.walk(Queries.name, start, end, reverse=True, spaces=BOTH):
            for message in await reader.messages([row.position for row in rows]):
                return _announced(message)
        return None

    return {"deviceAddress.getAddress": Method("async", get_address)}


def _announced(message: Message) -> dict[str, Any] | None:
    """What a message announces, as the original's query gives it; None where it says that nobody answers any more."""
    content = message.content
    if not isinstance(content, dict) or not is_truthy(content.get("availability")):
        return None
    said = {name: content[name] for name in ("address", "availability") if name in content}
    return {"id": message.value["author"], "sequence": message.record.sequence, **said}
