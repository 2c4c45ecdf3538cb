"""Forks, for operators: which feeds forked, the messages that prove it, and that our own goes on all the same.

Called by the bus through `actor`; shapes are in docs/bus.md, section 8.
"""

from typing import Any

from common.bus import Call, CallerError
from common.feed.json import compact, parse
from common.refs.ids import FeedId, message_id, raw
from services.storage import arguments, forks
from services.storage.adapters.database import MAX_SLICE, Database
from services.storage.adapters.own_feed import OwnFeed
from services.storage.adapters.writer import Writer
from services.storage.model import Fork

__all__ = ["ForkHandlers"]


class ForkHandlers:
    """The methods around forks."""

    def __init__(self, database: Database, writer: Writer, own_feed: OwnFeed) -> None:
        self._database = database
        self._writer = writer
        self._own_feed = own_feed

    async def list(self, call: Call) -> None:
        """Give what is known of each fork, our own first."""
        own = self._own_feed.author
        found = sorted(self._writer.log.forks.items(), key=lambda pair: pair[0] != own)
        for start in range(0, len(found), MAX_SLICE):
            part = found[start : start + MAX_SLICE]
            items = [compact(forks.shown(author, fork)).encode() for author, fork in part]
            await call.send(items)

    async def get(self, call: Call) -> dict[str, Any]:
        """Give a fork and the two messages that exclude each other, ours first."""
        feed, fork = self._fork(call)
        evidence = self._database.evidence(raw(feed))
        messages = [{"key": message_id(one.key), "value": parse(one.message)} for one in evidence]
        messages.sort(key=lambda one: one["key"] != (fork.ours and message_id(fork.ours)))
        return {**forks.shown(raw(feed), fork), "messages": messages}

    async def accept(self, call: Call) -> dict[str, Any]:
        """Let our forked feed go on with the branch that the log has."""
        feed, fork = self._fork(call)
        if raw(feed) != self._own_feed.author:
            raise CallerError("only our own feed can be let go on", "refused")
        fork = fork._replace(accepted=True)
        self._writer.keep_fork(raw(feed), fork)
        self._own_feed.came()
        return forks.shown(raw(feed), fork)

    def _fork(self, call: Call) -> tuple[FeedId, Fork]:
        feed = arguments.feed_of(call.args)
        fork = self._writer.log.forks.get(raw(feed))
        if fork is None:
            raise CallerError(f"no fork of {feed} is known", "not_found")
        return feed, fork
