"""The one place that writes the log: what is asked for meanwhile is committed together.

Collects work (append these candidates, publish this content), lets each do its part in one group, writes
the group, and only then answers and wakes who follows. Replicated messages are flushed to disk each second,
because they can be fetched again; what was published here is on the disk before it is answered.

On a full disk nothing is taken, and it is tried each second whether something can be: `trouble` says why
not. What else goes wrong with the database ends the process: opening it again is what helps, if anything.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Self, TypeVar

from common.bus import OurError
from common.refs.ids import feed_id
from common.runtime.clock import RisingClock, wall_ms
from common.store import StoreError, StoreFull
from services.storage.adapters.database import Database
from services.storage.model import Fork, Group

__all__ = ["MAX_GROUP", "Writer"]

MAX_GROUP = 1_000  # messages in one batch: while it is written nothing else runs
FLUSH_SECONDS = 1.0
PROBE_SECONDS = 1.0

T = TypeVar("T")
logger = logging.getLogger(__name__)


class _Work(NamedTuple):
    part: Callable[[Group], Any]
    weight: int
    sync: bool
    answer: "asyncio.Future[Any]"


class Writer:
    """Commits work in groups, in the order in which it was asked for."""

    def __init__(
        self, database: Database, wall: Callable[[], float] = wall_ms, own: bytes = b""
    ) -> None:
        self.log = database.load()
        self.log.own = own
        self._database = database
        self._wall = wall
        self._clock = RisingClock(wall, self.log.received)
        self._queue: deque[_Work] = deque()
        self._loop = asyncio.get_running_loop()
        self._scheduled: asyncio.Handle | None = None
        self._flush: asyncio.TimerHandle | None = None
        self._grown: asyncio.Future[None] = self._loop.create_future()
        self._grown_feeds: dict[bytes, asyncio.Future[None]] = {}
        self._grown_erasures: asyncio.Future[None] = self._loop.create_future()
        #: Why nothing can be written now.
        self.trouble: str | None = None
        self._probe: asyncio.TimerHandle | None = None
        self._broken: asyncio.Future[None] = self._loop.create_future()

    async def do(self, part: Callable[[Group], T], *, weight: int = 1, sync: bool = False) -> T:
        """Do a part in the next group and give its result when that group is written.

        A part that raises has added nothing; what it raises is raised here. `weight` is how many messages
        it may add; with `sync` the answer waits for the disk.

        Raises: OurError, when the group could not be written (`no_space` on a full disk): then nothing of
        it counts.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.append(_Work(part, weight, sync, answer))
        if self._scheduled is None:
            self._scheduled = self._loop.call_soon(self._commit)
        return await answer

    def clock_lag_ms(self) -> float:
        """How far the clock is behind the newest message of the log."""
        return max(self.log.received - self._wall(), 0.0)

    def keep_fork(self, author: bytes, fork: Fork) -> None:
        """Put on the disk what the owner said of a fork.

        Raises: OurError, when that cannot be written.
        """
        with self._told():
            self._database.keep_fork(author, fork)
        self.log.forks[author] = fork

    def flush(self) -> None:
        """Put on the disk what was written.

        Raises: OurError, when that cannot be done.
        """
        with self._told():
            self._database.flush()

    def erase(self, keys: Sequence[bytes]) -> list[bytes]:
        """Delete messages by their raw keys, all or nothing; gives those that were here.

        Raises: OurError, when that cannot be written.
        """
        with self._told():
            lost = self._database.losses.drop(keys)
            erased = self._database.erasures.erase(keys)
        self._erased()
        return erased + lost

    async def erase_feed(self, author: bytes) -> list[bytes]:
        """Delete all messages of a feed that are in the log now; gives their raw keys.

        Interrupted it goes on with the next start.

        Raises: OurError, when that cannot be written.
        """
        head = self.log.heads.get(author)
        last = head.sequence if head else 0
        losses = self._database.losses
        with self._told():
            self._database.erasures.begin(author, last)
            losses.drop(losses.of(author))
        erased: list[bytes] = []
        first = 1
        while first:
            with self._told():
                part, first = self._database.erasures.go_on(author, first, last)
            erased += part
            self._erased()
            await asyncio.sleep(0)
        return erased

    async def forget_erased(self, upto: int) -> None:
        """Let go of what was deleted, up to a number: its followers have removed it.

        Raises: OurError, when that cannot be written.
        """
        gone = 1
        while gone:
            with self._told():
                gone = self._database.erasures.forget(upto)
            await asyncio.sleep(0)

    async def erased_beyond(self, number: int) -> None:
        """Wait until more was deleted than up to this number."""
        while self._database.erasures.last <= number:
            await asyncio.shield(self._grown_erasures)

    async def broken(self) -> None:
        """Wait until the database is of no use any more, which is what this raises.

        Raises: StoreError.
        """
        await asyncio.shield(self._broken)

    async def beyond(self, position: int) -> None:
        """Wait until the log is longer than this."""
        while self.log.position <= position:
            await asyncio.shield(self._grown)

    async def feed_beyond(self, author: bytes, sequence: int) -> None:
        """Wait until a feed is longer than this."""
        while (head := self.log.heads.get(author)) is None or head.sequence <= sequence:
            if author not in self._grown_feeds:
                self._grown_feeds[author] = self._loop.create_future()
            await asyncio.shield(self._grown_feeds[author])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is queued and put it on the disk."""
        while self._queue:
            self._commit()
        if self._scheduled is not None:
            self._scheduled.cancel()
        for timer in (self._flush, self._probe):
            if timer is not None:
                timer.cancel()
        with suppress(StoreError):  # what was promised to be on the disk is there
            self._database.flush()

    def _commit(self) -> None:
        self._scheduled = None
        work = self._take()
        if self.trouble is not None and not self._is_mended():
            # No part is tried: to one whose messages go on from what was not taken it would look like a gap.
            self._answer(work, [self._refusal()] * len(work))
            return
        group = Group(self.log, self._clock, self._database)
        results = [_outcome(one.part, group) for one in work]
        if group.entries or group.forks:
            try:
                self._write(group, sync=any(one.sync for one in work))
            except StoreError as error:
                self._fail(error)
                internal = OurError(str(error))
                results = [self._refusal() if self.trouble else internal] * len(work)
        self._answer(work, results)

    def _answer(self, work: list[_Work], results: list[Any]) -> None:
        for one, result in zip(work, results, strict=True):
            if one.answer.done():
                continue
            if isinstance(result, Exception):
                one.answer.set_exception(result)
            else:
                one.answer.set_result(result)
        if self._queue and self._scheduled is None:
            self._scheduled = self._loop.call_soon(self._commit)

    def _take(self) -> list[_Work]:
        work: list[_Work] = []
        weight = 0
        while self._queue and (not work or weight + self._queue[0].weight <= MAX_GROUP):
            one = self._queue.popleft()
            weight += one.weight
            if not one.answer.cancelled():
                work.append(one)
        return work

    def _write(self, group: Group, *, sync: bool) -> None:
        self._database.append(group, sync=sync)
        self._mended()
        if not sync and self._flush is None:
            self._flush = self._loop.call_later(FLUSH_SECONDS, self._flush_now)
        self.log.adopt(group)
        for author in {message.author for message in group.evidence}:
            level = logging.ERROR if author == self.log.own else logging.WARNING
            logger.log(level, "feed %s forked: two of its messages are kept", feed_id(author))
        if not group.entries:
            return
        grown, self._grown = self._grown, self._loop.create_future()
        grown.set_result(None)
        if self._grown_feeds:
            for author in group.heads:
                if waiting := self._grown_feeds.pop(author, None):
                    waiting.set_result(None)

    def _erased(self) -> None:
        grown, self._grown_erasures = self._grown_erasures, self._loop.create_future()
        grown.set_result(None)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong with a write beside the groups is treated as with theirs, and raised as OurError."""
        try:
            yield
        except StoreError as error:
            self._fail(error)
            raise self._refusal() if self.trouble else OurError(str(error)) from error

    def _flush_now(self) -> None:
        self._flush = None
        try:
            self._database.flush()
        except StoreError as error:
            self._fail(error)

    def _fail(self, error: StoreError) -> None:
        if not isinstance(error, StoreFull):
            if not self._broken.done():
                self._broken.set_exception(error)
            return
        if self.trouble is None:
            logger.error("nothing can be written: %s", error)
        self.trouble = str(error)
        if self._probe is None:
            self._probe = self._loop.call_later(PROBE_SECONDS, self._probe_now)

    def _probe_now(self) -> None:
        self._probe = None
        self._is_mended()

    def _is_mended(self) -> bool:
        try:
            self._database.probe()
        except StoreError as error:
            self._fail(error)
            return False
        self._mended()
        return True

    def _refusal(self) -> OurError:
        return OurError(self.trouble or "", "no_space")

    def _mended(self) -> None:
        if self.trouble is not None:
            self.trouble = None
            logger.warning("the log can be written again")


def _outcome(part: Callable[[Group], Any], group: Group) -> Any:
    try:
        return part(group)
    except Exception as error:  # noqa: BLE001  it is raised where the part came from
        return error
