"""Where a thread goes on: `tangle.branch`.

Knows the method as ssb-tangle 1.0.1 has it. Finds replies in the view of threads.
"""

from collections.abc import Mapping

from common.bus import Call, CallerError, Method
from common.feed.json import compact_utf8
from common.refs import is_message
from common.store import next_prefix
from services.indexing.adapters.reader import BOTH, Reader
from services.indexing.model.threads import Threads
from services.indexing.model.view import View
from services.indexing.thread_order import Ends

__all__ = ["VIEWS", "methods"]

VIEWS: tuple[View, ...] = ()


def methods(reader: Reader) -> Mapping[str, Method]:
    """The table."""

    async def branch(call: Call) -> bytes:
        """`tangle.branch(root)`: the messages of a thread, boxes for us included, that none of it links to."""
        root = call.args[0] if call.args else None
        if not is_message(root):
            raise CallerError("getBranch requires a valid message")
        await reader.caught_up()
        ends, start = Ends(root), Threads.replies(root)
        async for rows in reader.walk(Threads.name, start, next_prefix(start), spaces=BOTH):
            ends.take(await reader.messages([row.position for row in rows]))
        return compact_utf8([*ends.heads()])

    return {"tangle.branch": Method("async", branch)}
