"""An honest peer: a disk that outlives its processes, and at most one process."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from common.feed.validate import Verified
from common.gossip import BlockChanged
from common.refs import FeedId
from tests.simulation.appending import Log
from tests.simulation.lines import Connection, Item
from tests.simulation.process import Process

if TYPE_CHECKING:
    from tests.simulation.world import World

Speech = Literal["ebt", "history", "silent"]


@dataclass
class Disk:
    """What survives a crash. Wishes and blocks are views of the log in truth."""

    log: Log = field(default_factory=dict)
    memories: dict[FeedId, dict[FeedId, int]] = field(default_factory=dict)
    wanted: set[FeedId] = field(default_factory=set)
    blocks: set[tuple[FeedId, FeedId]] = field(default_factory=set)

    def copy(self) -> "Disk":
        """A backup of what was replicated; wishes and blocks stay the same."""
        log = {feed: list(messages) for feed, messages in self.log.items()}
        return Disk(log, dict(self.memories), self.wanted, self.blocks)


class Peer:
    """One peer, up or down."""

    def __init__(self, world: "World", own: FeedId) -> None:
        self.world = world
        self.own = own
        self.speech: Speech = "ebt"
        self.disk = Disk(wanted={own})
        self.process: Process | None = None
        self.evidence: set[FeedId] = set()
        self.branch = "0"
        self.may_publish = True
        self._copy: Disk | None = None

    def start(self) -> None:
        """Starts a process on what is on the disk."""
        self.process = Process(self)

    def stop(self) -> None:
        """Dies on the spot; its connections break, the others hear of it later."""
        assert self.process is not None
        self.evidence |= self.process.appending.evidence
        self.process.stop()
        for connection in list(self.process.givers):
            self.world.cut(connection)
        self.process = None

    def saw_fork(self, feed: FeedId) -> bool:
        """Whether two branches of a feed were seen."""
        now = self.process.appending.evidence if self.process is not None else ()
        return feed in self.evidence or feed in now

    def refuses(self, feed: FeedId, peer: FeedId) -> bool:
        """Whether it does not take a feed from a peer because of what that sent."""
        session = self.process.ebt.sessions.get(peer) if self.process is not None else None
        return session is not None and feed in session.refusals.until

    def length(self, feed: FeedId) -> int:
        """How much it has of a feed."""
        return len(self.disk.log.get(feed, ()))

    def publish(self) -> None:
        """Appends a message to the own feed, where it may."""
        if self.process is None or not self.may_publish:
            return
        messages = self.disk.log.get(self.own)
        message = self.world.library.write(
            self.own, messages[-1] if messages else None, self.branch
        )
        self.process.appending.publish(message)

    def hold(self, messages: Sequence[Verified]) -> None:
        """Has a feed from the beginning."""
        if messages:
            self.disk.log[messages[0].author] = list(messages)

    def want(self, added: set[FeedId], removed: set[FeedId]) -> None:
        """Replicates other feeds from now on."""
        added, removed = added - self.disk.wanted, removed & self.disk.wanted
        self.disk.wanted |= added
        self.disk.wanted -= removed
        if self.process is not None:
            self.process.want(sorted(added), sorted(removed))

    def hears_block(self, author: FeedId, target: FeedId, *, blocked: bool) -> None:
        """Learns that an author blocks somebody, or no longer."""
        change = self.disk.blocks.add if blocked else self.disk.blocks.discard
        change((author, target))
        if self.process is not None:
            self.process.handle(BlockChanged(author, target, blocked, self.world.timeline.now))
            if blocked and author == self.own:
                for connection in list(self.process.givers):
                    if connection.other(self.own).own == target:
                        self.world.cut(connection)

    def forget_memories(self) -> None:
        """Loses what was remembered of peers."""
        self.disk.memories.clear()

    def keep_copy(self) -> None:
        """Makes a backup of the disk."""
        self._copy = self.disk.copy()

    def restore(self, *, guarded: bool) -> None:
        """Puts the backup back; unguarded it publishes as if nothing had happened, which forks its feed."""
        assert self.process is None
        if self._copy is not None:
            self.disk = self._copy.copy()
            self.may_publish = not guarded
            if not guarded:
                self.branch += "'"

    def opened(self, connection: Connection, *, client: bool) -> None:
        """A connection stands."""
        if self.process is not None:
            self.process.opened(connection, client=client)

    def took(self, connection: Connection, items: Sequence[Item]) -> None:
        """Something arrived."""
        if self.process is not None:
            self.process.took(connection, items)

    def closed(self, connection: Connection) -> None:
        """A connection is over."""
        if self.process is not None:
            self.process.closed(connection)

    def congested(self, connection: Connection, congested: bool) -> None:
        """More waits on a connection than should, or no longer."""
        if self.process is not None:
            self.process.congested(connection, congested)
