"""Every connection of the node: who speaks EBT with us, and from whom histories are fetched instead.

Knows `connections.changes` and the connections' names; must never know sessions. The handlers tell it what peers
called.
"""

import asyncio
import logging
from collections import Counter
from typing import Any, Final, TypeGuard

from common.bus import BusError, Node, again
from common.gossip import MAX_LIVE, MAX_TURNS
from common.refs import FeedId, is_feed
from common.runtime.workers import worker_of
from services.replication.adapters.appender import Appender
from services.replication.adapters.hub import Hub
from services.replication.adapters.talk import PATIENCE_SECONDS, Talk
from services.replication.model import Change, Wishes
from services.replication.share import Share

LOGGER = logging.getLogger(__name__)

MAX_FETCHES: Final = 2_048
"""Histories asked of all peers together: network takes 4,096 calls from us, half are for sessions."""
LEAST_FETCHES: Final = 8
"""Histories of one peer below which it is not worth to begin; one that never said a word then makes room."""
WISHES_TO_COME: Final = 64
"""Feeds that may become wanted while a peer is asked."""
MAX_BAD: Final = 1_024
"""Peers of which bad histories are remembered, as the EBT machine does of bad feeds."""
BLOCKED: Final = "blocked"


class Peers:
    """One task for each connection."""

    def __init__(
        self, node: Node, hub: Hub, appender: Appender, wishes: Wishes, share: Share
    ) -> None:
        self.node = node
        self.hub = hub
        self.appender = appender
        self._wishes = wishes
        self._part = share
        self._talks: dict[str, Talk] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._bad: dict[FeedId, set[FeedId]] = {}
        self._sessions: Counter[str] = Counter()
        """EBT sessions that peers began, by connection; a peer is often faster than the word of its connection."""

    @property
    def talks(self) -> list[Talk]:
        """What is done over each connection."""
        return list(self._talks.values())

    @property
    def wanted(self) -> set[FeedId]:
        """The feeds that are replicated."""
        return self._wishes.wanted

    def talk(self, connection: str) -> Talk | None:
        """The talk over a connection, which may have ended."""
        return self._talks.get(connection)

    def called_ebt(self, connection: str) -> None:
        """The peer called `ebt.replicate`."""
        self._sessions[connection] += 1
        if (talk := self.talk(connection)) is not None:
            talk.called_ebt()

    def session_ended(self, connection: str, why: str) -> None:
        """A session that the peer began is over."""
        self._sessions[connection] -= 1
        if not self._sessions[connection]:
            del self._sessions[connection]
        if (talk := self.talk(connection)) is not None:
            talk.session_ended(why)

    def connected(self) -> list[tuple[str, FeedId]]:
        """Name and peer of every connection."""
        return [(each.name, each.feed) for each in self._talks.values()]

    def changed(self, change: Change) -> None:
        """Other feeds are wanted, or somebody is blocked, who is left then (ssb-ebt 5.6.7)."""
        for talk in self._talks.values():
            if talk.fetcher is not None:
                talk.fetcher.changed(change)
        for author, target, blocked in change.blocks:
            if blocked and author == self._wishes.own:
                for talk in [one for one in self._talks.values() if one.feed == target]:
                    self._close(talk.name)

    async def follow(self, worker: str) -> None:
        """Replicates over every connection that this worker of `network` has, for ever."""

        async def once() -> None:
            try:
                async with self.node.source(worker, "connections.changes", {}) as stream:
                    async for batch in stream:
                        for change in batch.json():
                            self._take(change)
            finally:
                await self._drop(worker)

        await again(self.node, worker, once)

    def _take(self, change: dict[str, Any]) -> None:
        name, feed = change.get("connection"), change.get("feed")
        if not isinstance(name, str):
            return
        if change.get("type") == "disconnected":
            self._talks.pop(name, None)
            task = self._tasks.pop(name, None)
            if task is not None:
                task.cancel()
        elif self._is_ours(feed) and name not in self._tasks:
            talk = self._talks[name] = Talk(self, name, feed)
            if self._sessions[name]:
                talk.called_ebt()
            run = talk.run(client=bool(change.get("client")))
            self._tasks[name] = asyncio.get_running_loop().create_task(run)

    def _is_ours(self, feed: object) -> TypeGuard[FeedId]:
        return is_feed(feed) and feed != self._wishes.own and self._part.has(feed)

    def _close(self, name: str) -> None:
        task = asyncio.get_running_loop().create_task(self._ask_to_close(name))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _ask_to_close(self, name: str) -> None:
        request = {"connection": name, "reason": BLOCKED}
        try:
            await self.node.call(worker_of(name), "connections.close", request)
        except BusError as error:
            LOGGER.info("a connection could not be closed: %s", error)

    async def _drop(self, worker: str) -> None:
        """Gives up the connections of a worker that went away."""
        names = [name for name in self._talks if worker_of(name) == worker]
        tasks = [self._tasks.pop(name) for name in names]
        for name in names:
            del self._talks[name]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ration(self) -> int:
        """How many histories may be asked for, as soon as it is enough to begin."""
        while (limit := self._share()) < LEAST_FETCHES:
            self.hub.refusals.note("too many histories to fetch")
            self._make_room()
            await asyncio.sleep(PATIENCE_SECONDS)
        return limit

    def bad_of(self, peer: FeedId) -> set[FeedId]:
        """The feeds that the peer is not asked for again, to be added to."""
        bad = self._bad[peer] = self._bad.pop(peer, set())
        if len(self._bad) > MAX_BAD:
            del self._bad[next(iter(self._bad))]
        return bad

    def _share(self) -> int:
        """Half of what is left, and not more than is wanted."""
        taken = sum(each.fetches for each in self._talks.values())
        wanted = max(LEAST_FETCHES, len(self._wishes.wanted) + WISHES_TO_COME)
        return min(wanted, MAX_LIVE + MAX_TURNS, (MAX_FETCHES - taken) // 2)

    def _make_room(self) -> None:
        """Gives up on the oldest of those who were asked and never said a word."""
        for each in self._talks.values():
            if each.fetches and each.fetcher is not None and not each.fetcher.heard:
                self._tasks[each.name].cancel()
                return
