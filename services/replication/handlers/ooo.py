"""`ooo.*`: single messages that peers ask for and that we ask them for.

Knows arguments; the exchange does the work. The table in `actor` names them.
"""

from common.bus import Call, CallerError
from common.refs import is_feed, is_message
from services.replication.adapters.ranges import MAX_RANGE, Range
from services.replication.handlers.beginning import Beginning


class OooHandlers:
    """The methods."""

    def __init__(self, beginning: Beginning) -> None:
        self._beginning = beginning

    async def stream(self, call: Call) -> None:
        """`ooo.stream`: questions and answers in both directions."""
        peer = call.caller.feed
        if not is_feed(peer):
            raise CallerError("ooo.stream is for peers")
        parts = await self._beginning.ready()
        await parts.exchange.serve(call, peer)

    async def fetch(self, call: Call) -> bool:
        """`ooo.range`: ask peers for a run of messages inside a feed; whether one or several brought all of it."""
        given = call.args[0] if call.args and isinstance(call.args[0], dict) else {}
        feed, first, last = given.get("id"), given.get("from"), given.get("upto")
        if not is_feed(feed) or type(first) is not int or type(last) is not int:
            raise CallerError("ooo.range needs an id, from and upto")
        if not 0 < first <= last < first + MAX_RANGE:
            raise CallerError(f"a range has 1 to {MAX_RANGE} messages")
        parts = await self._beginning.begun()
        return await parts.ranges.fetch(Range(feed, first, last))

    async def want(self, call: Call) -> bool:
        """`ooo.want`: ask peers for a message; whether it is in the store then.

        `ms` is how long (0: for ever); who is not `patient` does not wait where there is nobody to ask.
        """
        given = call.args[0] if call.args and isinstance(call.args[0], dict) else {}
        key, ms = given.get("id"), given.get("ms")
        if not is_message(key) or not isinstance(ms, int | float):
            raise CallerError("ooo.want needs an id and ms")
        parts = await self._beginning.begun()
        seconds = ms / 1000 if ms > 0 else None
        return await parts.exchange.find(key, seconds, patient=given.get("patient") is not False)
