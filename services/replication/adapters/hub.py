"""The EBT machine in the world: its events from links and follower, its commands to them.

Knows which link belongs to which peer; must never know how links send. Everything that happens to the machine
goes through `handle`.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from common.bus import BusError, CallerError, Node
from common.feed.record import Record
from common.gossip import (
    Appended,
    BlockChanged,
    Command,
    Congested,
    Connected,
    Disconnected,
    Ebt,
    EndSession,
    Event,
    FallBack,
    FeedRead,
    Message,
    ReadFeed,
    Remember,
    Rested,
    SendMessages,
    SendNotes,
    Session,
    Ticked,
    Verify,
    WantedChanged,
)
from common.refs import FeedId
from common.runtime.limits import Buckets, Tally
from services.replication.adapters.link import Link
from services.replication.adapters.memories import Memories
from services.replication.conduct import Conduct
from services.replication.items import write_notes
from services.replication.model import Change
from services.replication.progress import Traffic
from services.replication.quota import Quota

LOGGER = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
READ_BYTES: Final = 1 << 18
"""Of one read: with the few reads a peer has at a time this bounds what waits for it in memory."""
MAX_SESSIONS: Final = 512
"""EBT sessions at a time; each may have some 2 MiB on its way, in the worst case."""
MAX_READS: Final = 32
"""Reads of the log under way for all of them: each holds READ_BYTES, or one batch more, until they are handed on."""
REMEMBER_MS: Final = 10_000
"""What a peer has is written this often while its session stands, one peer a tick: a kill loses no more of it."""
NOTES_PER_SECOND: Final = 20_000
"""Notes of one peer: twice what an honest one tells while it takes 10,000 messages a second from another."""
NOTES_AT_ONCE: Final = 400_000
"""And as many at once: three full clocks of the largest packets."""
OVERRUN_BYTES: Final = 4 << 20
"""What an honest peer may have on its way when it is told to rest."""
LOG_AWAY: Final = "the log is away"
SILENT: Final = "said nothing"
RECONNECTED: Final = "reconnected to peer"
"""The reference's reason when a newer session of the same peer takes the place of one."""


class Hub:
    """All EBT sessions of this process."""

    def __init__(
        self,
        node: Node,
        ebt: Ebt,
        clock: Callable[[], float],
        *,
        memories: Memories,
        quota: Quota,
        networks: tuple[str, ...] = ("network",),
    ) -> None:
        self._node = node
        self._networks = networks
        self._ebt = ebt
        self.own = ebt.own
        self.appended = 0
        #: What went over all sessions and histories.
        self.traffic = Traffic()
        self.now = clock
        self._links: dict[FeedId, Link] = {}
        self._memories = memories
        self._quota = quota
        self._reads: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(MAX_READS)
        self._notes = Buckets(NOTES_PER_SECOND, NOTES_AT_ONCE)
        self.conduct = Conduct(self.own, self._expel)
        self.refusals = Tally()

    @property
    def links(self) -> Mapping[FeedId, Link]:
        """The links that stand, by peer."""
        return self._links

    @property
    def clock(self) -> Mapping[FeedId, int]:
        """The heads of all feeds."""
        return self._ebt.clock

    @property
    def sessions(self) -> Mapping[FeedId, Session]:
        """What the machine knows of each peer; to be read only."""
        return self._ebt.sessions

    @property
    def missing(self) -> Iterable[FeedId]:
        """Feeds of which some peer said that it has more."""
        return self._ebt.missing

    def change(self, change: Change) -> None:
        """Whom we replicate, or who blocks whom, changed."""
        now = self.now()
        for author, target, blocked in change.blocks:
            self.handle(BlockChanged(author, target, blocked, now))
        if change.added or change.removed:
            self.handle(WantedChanged(change.added, change.removed, now))

    def append(self, messages: Sequence[Message]) -> None:
        """The log grew."""
        self.appended += len(messages)
        self.handle(Appended(messages))

    def handle(self, event: Event) -> None:
        """Gives the machine an event and does what it wants."""
        for command in self._ebt.handle(event):
            self._do(command)

    async def memory(self, peer: FeedId) -> Mapping[FeedId, int]:
        """What the peer had when its last session ended."""
        return await self._memories.load(peer)

    def join(self, link: Link, memory: Mapping[FeedId, int], *, client: bool) -> None:
        """A link begins; one of the same peer that stood before is ended.

        Raises:
            CallerError: there are too many.
        """
        if len(self._links) >= MAX_SESSIONS and link.peer not in self._links:
            self.refusals.note("too many sessions")
            raise CallerError("too many EBT sessions", "overloaded")
        before = self._links.pop(link.peer, None)
        if before is not None:
            before.end(RECONNECTED)
        self._links[link.peer] = link
        self.handle(Connected(link.peer, client, self.now(), memory))
        if self.rest_seconds(link.peer):
            self.handle(Rested(link.peer, resting=True, now=self.now()))

    def leave(self, link: Link) -> None:
        """A link is over."""
        if self._links.get(link.peer) is link:
            del self._links[link.peer]
            self.handle(Disconnected(link.peer, self.now()))

    def congested(self, link: Link, *, congested: bool) -> None:
        """More waits on a link than should, or no longer."""
        if self._links.get(link.peer) is link:
            self.handle(Congested(link.peer, congested))

    def spend(self, peer: FeedId, n_bytes: int) -> bool:
        """Counts bytes that went to the peer or came from it; whether it is to rest for now."""
        if self._quota.spend(peer, n_bytes, self.now()):
            self.refusals.note("bytes of a peer used up")
            self.handle(Rested(peer, resting=True, now=self.now()))
        return self._quota.rest_ms(peer, self.now()) > 0

    def is_overrun(self, peer: FeedId) -> bool:
        """Whether the peer goes on sending although it was told to rest."""
        return self._quota.excess(peer) > OVERRUN_BYTES and self.rest_seconds(peer) > 0

    def rest_seconds(self, peer: FeedId) -> float:
        """How long nothing is exchanged with the peer."""
        return self._quota.rest_ms(peer, self.now()) / 1000

    def room(self, feed: FeedId) -> int:
        """How many more messages of a feed are taken; -1 for all."""
        return self._ebt.room(feed)

    @property
    def over_limit(self) -> int:
        """Messages that were dropped because their feed has as many here as it may have."""
        return self._ebt.over_limit

    @property
    def passed_over(self) -> int:
        """Notes that were one feed too many."""
        return self._ebt.passed_over

    def pause(self, peer: FeedId, n_notes: int) -> float:
        """Seconds until the peer may tell more notes, after so many."""
        seconds = self._notes.spend(peer, n_notes, self.now() / 1000)
        if seconds:
            self.refusals.note("notes had to wait")
        return seconds

    async def tick(self) -> None:
        """Tells the machine the time, for ever."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.handle(Ticked(self.now()))
            self._resume_rested()
            self._remember_oldest()

    async def close(self) -> None:
        """Gives up the reads under way."""
        for read in self._reads:
            read.cancel()
        await asyncio.gather(*self._reads, return_exceptions=True)

    def _do(self, command: Command) -> None:
        if isinstance(command, Remember):
            self._memories.keep(command.peer, command.clock)
            return
        link = self._links.get(command.peer)
        if link is None:
            return
        if isinstance(command, SendMessages):
            link.traffic.went(len(command.bodies))
            link.put(command.bodies)
        elif isinstance(command, SendNotes):
            link.put(write_notes(command.notes, link.version))
        elif isinstance(command, Verify):
            link.verify(command.messages)
        elif isinstance(command, EndSession):
            link.end(command.reason)
        elif isinstance(command, FallBack):
            link.end(SILENT)
        else:
            read = asyncio.get_running_loop().create_task(self._read(link, command))
            self._reads.add(read)
            read.add_done_callback(self._reads.discard)

    def _resume_rested(self) -> None:
        for peer, session in list(self.sessions.items()):
            if session.resting and not self.rest_seconds(peer):
                self.handle(Rested(peer, resting=False, now=self.now()))

    def _remember_oldest(self) -> None:
        """Writes what the peer has that was written the longest time ago, if anything came or went since."""
        due = [link for link in self._links.values() if link.remembered != link.traffic.total]
        link = min(due, key=lambda link: link.remembered_at, default=None)
        if link is None or self.now() - link.remembered_at < REMEMBER_MS:
            return
        clock = self._ebt.memory(link.peer)
        if clock is not None:
            link.remembered, link.remembered_at = link.traffic.total, self.now()
            self._memories.keep(link.peer, clock)

    def forget(self, peer: FeedId) -> None:
        """What the peer had is told anew when it comes again."""
        self._memories.forget(peer)

    def _expel(self, peer: FeedId, seconds: float, why: str) -> None:
        """Ends the peer's session, and has its connections closed and refused."""
        self.refusals.note(why)
        fields = {"feed": peer, "seconds": seconds, "why": why}
        LOGGER.warning("a peer is refused for a while", extra={"fields": fields})
        link = self._links.get(peer)
        if link is not None:
            link.end(why)
        request = {"feed": peer, "seconds": seconds, "reason": why}
        task = asyncio.get_running_loop().create_task(self._refuse(request))
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)

    async def _refuse(self, request: dict[str, Any]) -> None:
        for worker in self._networks:
            try:
                await self._node.call(worker, "connections.refuse", request)
            except BusError as error:
                LOGGER.info("a peer could not be refused: %s", error)

    async def _read(self, link: Link, wanted: ReadFeed) -> None:
        await link.has_room()
        async with self._places:
            if self._links.get(link.peer) is link:
                await self._read_feed(link, wanted)

    async def _read_feed(self, link: Link, wanted: ReadFeed) -> None:
        options = {
            "id": wanted.feed,
            "from": wanted.after + 1,
            "limit": wanted.limit,
            "live": False,
        }
        bodies: list[bytes] = []
        size = 0
        try:
            async with self._node.source("storage", "feeds.read", options) as stream:
                async for batch in stream:
                    bodies += [Record.parse(raw).message for raw in batch.bodies]
                    size += sum(map(len, batch.bodies))
                    if size > READ_BYTES:
                        break
        except BusError as error:
            LOGGER.info("a feed could not be read: %s", error)
            link.end(LOG_AWAY)
            return
        if b"" in bodies:  # deleted: no peer takes what comes after it
            del bodies[bodies.index(b"") :]
        if self._links.get(link.peer) is link:
            last = wanted.after + len(bodies)
            self.handle(FeedRead(link.peer, wanted.feed, wanted.after, last, bodies))
