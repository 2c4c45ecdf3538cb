"""Our own feed: whether it may go on, asked by `publish`, and kept beside the database over restarts.

Puts together the guard, which decides, the file that it is kept in, the log's record of forks and a timer. A fork
of our own feed locks it until the owner accepts it; any other lock opens by itself when peers have confirmed the
head, or at once where the operator said `--force` for this run. Called by the handlers.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, Self

from common.refs.ids import feed_id
from common.runtime import own_file
from common.runtime.clock import steady_ms
from services.storage.guard import Guard
from services.storage.model import Log
from services.storage.settings import OwnFeedSettings

__all__ = ["FORCE", "OwnFeed"]

CHECK_SECONDS: Final = 1.0
FORCE: Final = "`sbot start --force` goes on all the same, and forks the feed if more of it exists"
logger = logging.getLogger(__name__)


class OwnFeed:
    """The lock of one feed in one data folder; use it as a context manager, inside a running loop."""

    def __init__(
        self,
        data: Path,
        author: bytes,
        log: Log,
        settings: OwnFeedSettings,
        *,
        forced: bool = False,
        clock: Callable[[], float] = steady_ms,
    ) -> None:
        self._data = data
        self.author = author
        self._log = log
        self._forced = forced
        self._clock = clock
        self._needed = settings.confirmations
        found = own_file.read(data, feed_id(author))
        head = log.heads.get(author)
        sequence = head.sequence if head else 0
        known = found.sequence
        if found.doubt is None:
            known = max(known, sequence)  # killed between the write and the note of it
        self._guard = Guard(settings, sequence, known, found.doubt, clock())
        self._kept = found.sequence
        self._changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._told = self.locked()
        if self._told is not None:
            logger.warning("%s", self._told)
        self._check()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @property
    def forked(self) -> bool:
        """Whether our own feed has a fork that its owner did not accept."""
        fork = self._log.forks.get(self.author)
        return fork is not None and not fork.accepted

    def locked(self) -> str | None:
        """Why nothing may be published now, if so."""
        fork = self._log.forks.get(self.author)
        if fork is not None and not fork.accepted:
            return (
                f"our own feed is locked: it has forked at sequence {fork.sequence}, another message with our key "
                "stands there at peers; `sbot forks.list` shows both, docs/operating.md says what can be done"
            )
        waits = None if self._forced else self._guard.waits_for(self._clock())
        return f"{waits}; {FORCE}" if waits and self._guard.doubt is not None else waits

    def published(self, sequence: int) -> None:
        """Messages of ours are on the disk and about to be acknowledged."""
        doubt = self._guard.doubt
        self._guard.published(sequence)
        if doubt is not None or self._guard.known < self._kept:
            self._begin()
        elif self._guard.known > self._kept:
            self._move()

    def came(self) -> None:
        """The log grew, or learned of a fork, by what others brought: looks whether that is about our feed."""
        head = self._log.heads.get(self.author)
        if head is not None and head.sequence > self._guard.head:
            doubt = self._guard.doubt
            self._guard.grew(head.sequence, self._clock())
            if doubt is None and self._guard.doubt is not None:
                self._begin()
        self._check()

    def added(self) -> None:
        """The owner brought a signed message of ours: behind the head it counts like one published here."""
        head, guard = self._log.heads.get(self.author), self._guard
        if head is not None and guard.doubt is None and head.sequence > guard.known:
            self.published(head.sequence)
        self.came()

    def seen(self, peer: str, sequence: int) -> None:
        """A peer told how far it has our feed."""
        self._guard.seen(peer, sequence, self._clock())

    def state(self) -> dict[str, Any]:
        """What `status` tells."""
        return {
            "locked": self.locked() is not None,
            "sequence": self._guard.head,
            "missing": self._guard.missing(self._clock()),
            "confirmed": self._guard.confirmations,
            "needed": self._needed,
        }

    async def locks(self) -> AsyncIterator[str | None]:
        """Why nothing may be published: now, and whenever that begins or ends."""
        while True:
            changed = self._changed
            yield self.locked()
            await asyncio.shield(changed)

    def _check(self) -> None:
        """Opens a lock that peers have opened, tells what changed, and looks again while there is a doubt."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._guard.doubt is not None and not self._forced:
            if self._guard.is_confirmed(self._clock()):
                self._guard.published(self._guard.head)
                self._begin()
            else:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(CHECK_SECONDS, self._check)
        self._tell()

    def _tell(self) -> None:
        now, before = self.locked(), self._told
        self._told = now
        if (now is None) == (before is None):
            return
        if now is None:
            logger.warning("our own feed goes on behind %d", self._guard.head)
        elif self.forked:
            logger.error("%s", now)
        else:
            logger.warning("%s", now)
        changed, self._changed = self._changed, asyncio.get_running_loop().create_future()
        changed.set_result(None)

    def _begin(self) -> None:
        guard = self._guard
        try:
            own_file.begin(self._data, feed_id(self.author), guard.known, guard.doubt)
        except OSError as error:
            logger.warning("the own sequence cannot be kept: %s", error.strerror)
        else:
            self._kept = guard.known

    def _move(self) -> None:
        try:
            own_file.move(self._data, self._kept, self._guard.known)
        except OSError as error:
            logger.warning("the own sequence cannot be kept: %s", error.strerror)
        else:
            self._kept = self._guard.known
