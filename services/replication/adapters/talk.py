"""What is done over one connection: an EBT session, whoever begins it, or histories where there is none.

Knows the stream of calls to one peer; must never know other connections. Made by `Peers`, ended with the
connection.

Who was dialled is called by `ebt.replicate`, and asked for histories when that ends with an error (the guide's
"Fallback Mechanisms"). Who dialled us is expected to call it. When it does nothing for PATIENCE_SECONDS it is
called all the same: it may have called a process of ours that died since. Who asks for a history itself, who refuses
EBT, and who takes it and then says nothing (the machine's FallBack) is asked for histories. A session that ended
because our own log was away is begun again.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final, Protocol

from common.bus import BusError, Node
from common.refs import FeedId
from common.runtime.workers import worker_of
from services.replication.adapters.appender import Appender
from services.replication.adapters.fetcher import Fetcher
from services.replication.adapters.hub import LOG_AWAY, RECONNECTED, SILENT, Hub
from services.replication.adapters.link import Link

LOGGER = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 5.0
VERSION: Final = 3
AGAIN: Final = (RECONNECTED, LOG_AWAY)
"""Ends after which a session is begun again."""


class Tools(Protocol):
    """What a talk works with, and shares with others."""

    node: Node
    hub: Hub
    appender: Appender

    @property
    def wanted(self) -> set[FeedId]:
        """The feeds that are replicated."""
        ...

    async def ration(self) -> int:
        """How many histories may be asked for, as soon as it is enough to begin."""
        ...

    def bad_of(self, peer: FeedId) -> set[FeedId]:
        """The feeds that the peer is not asked for again, to be added to."""
        ...


class Talk:
    """One connection with a peer."""

    def __init__(self, tools: Tools, name: str, feed: FeedId) -> None:
        self.name = name
        self.feed = feed
        self.fetcher: Fetcher | None = None
        self.fetches = 0
        #: What is under way, in a few words.
        self.state = "waits for the peer to call"
        self._tools = tools
        self._calls_ebt = False
        self._news = asyncio.Event()
        self._ended = ""

    async def run(self, *, client: bool) -> None:
        """Replicates until it is cancelled, or until there is nothing more to be done."""
        if not client and self.feed in self._tools.hub.links:
            self.called_ebt()  # over another connection
        if not client and not await self._is_to_be_called():
            await self._fetch()
            return
        while (ended := await self._call()) in AGAIN:
            await self._until_free(ended)
        if ended is not None:
            await self._fetch()

    def called_ebt(self) -> None:
        """The peer called `ebt.replicate`."""
        self._calls_ebt, self._ended = True, ""
        self.state = "ebt"
        self._news.set()

    def called_history(self) -> None:
        """The peer called `createHistoryStream`."""
        self._news.set()

    def session_ended(self, why: str) -> None:
        """The session that the peer began is over."""
        if why == RECONNECTED:
            return
        self._calls_ebt, self._ended = True, why
        self.state = f"its EBT session ended: {why}" if why else "it ended its EBT session"
        self._news.set()

    async def _is_to_be_called(self) -> bool:
        """Waits what a peer that dialled us does; false when histories are to be asked for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._news.wait()
        if not self._calls_ebt:
            return not self._news.is_set()
        while self._ended not in (SILENT, LOG_AWAY):
            self._news.clear()
            await self._news.wait()
        return self._ended == LOG_AWAY

    async def _until_free(self, ended: str) -> None:
        """Waits until another session of the peer is over, or the log is there again."""
        if ended == LOG_AWAY:
            await asyncio.sleep(PATIENCE_SECONDS)
            await self._tools.node.wait_up("storage")
        while (other := self._tools.hub.links.get(self.feed)) is not None:
            await other.over.wait()

    async def _call(self) -> str | None:
        """One call of `ebt.replicate`: why it ended, where something is to be done then."""
        self.state = "ebt"
        link: Link | None = None
        try:
            async with self._begin(["ebt", "replicate"]) as stream:
                link = Link(self._tools.hub, self._tools.appender, stream, self.feed, VERSION)
                try:
                    await link.run(client=True)
                except BusError as error:
                    stream.fail(error)
                    raise
                await stream.end()
        except BusError as error:
            fields = {"feed": self.feed}
            LOGGER.info("an EBT session ended: %s", error, extra={"fields": fields})
            self.state = f"the EBT session ended: {error.message}"
            ended_here = link is not None and link.ended_here
            return error.message if not ended_here or error.message in (*AGAIN, SILENT) else None
        self.state = "the EBT session ended"
        return None

    def _begin(self, method: list[str]) -> Any:
        options = {"version": VERSION, "format": "classic"}
        call = {"connection": self.name, "name": method, "type": "duplex", "args": [options]}
        return self._tools.node.duplex(worker_of(self.name), "connections.call", call)

    async def _fetch(self) -> None:
        tools = self._tools
        self.state = "waits for others to need fewer histories"
        limit = self.fetches = await tools.ration()
        self.state = "histories"
        bad = tools.bad_of(self.feed)
        self.fetcher = Fetcher(
            tools.node, tools.appender, self.name, self.feed, tools.hub, limit=limit, bad=bad
        )
        try:
            await self.fetcher.run(tools.wanted)
        finally:
            self.fetches = 0
        self.state = "it knows neither EBT nor histories"
