"""Full-text search over the public messages of the log: who follows the log, builds an index beside the one that answers, and finds.

What is written, is written by one thread, one after the other. Knows the log; never knows what is asked for. Run by
`__main__`; `search.query` asks it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

from common.bus import BusError
from common.feed.record import HEADER_BYTES, Record
from common.runtime.apart import apart
from common.runtime.clock import steady_ms
from common.store import StoreDamaged, StoreError, StoreFull
from services.indexing.adapters.follower import PATIENCE_S, PAUSE_S, RETRY_S
from services.indexing.adapters.fulltext import Fulltext, Matches
from services.indexing.adapters.generations import Generations
from services.indexing.adapters.log import Log
from services.indexing.model.words import Entry, entry_of

__all__ = ["NAME", "Search"]

LOGGER = logging.getLogger("indexing")
NAME = "search"
"""What it is called among the views."""
SLICE = 100
"""Records whose words are found without letting anybody else have a turn: some two milliseconds."""
AT_ONCE = 20_000
"""Records between two commits of an index that is built."""
COMMIT_S = 1.0
"""How long what came may wait to be found; whoever asks does not wait for it."""
REST = 10
"""A commit is followed by a pause of so many times what it took."""
TRIES = 3
"""How often an index may fail in a row until it is begun anew."""
CHECK_S = 30.0
"""How long a check waits for what came before it; a question waits PATIENCE_S."""
QUIET_S = 60.0
"""After the last deletion: then the index is built anew, without what is deleted."""

P = ParamSpec("P")
T = TypeVar("T")


class _SwitchedError(Exception):
    """Another index answers now."""


class Search:
    """The index that answers, and what keeps it up to the log."""

    def __init__(self, generations: Generations, log: Log) -> None:
        self._generations = generations
        self._log = log
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=NAME)
        self._moved = asyncio.Event()
        self._dirty = asyncio.Event()
        self._hurried = asyncio.Event()
        self._switched = asyncio.Event()
        self._to_build = asyncio.Event()
        self._to_begin = False
        self._beginning = asyncio.Lock()
        self._fault: StoreError | None = None
        self._failures = 0
        self._erased: set[int] = set()
        self._quiet: asyncio.TimerHandle | None = None
        #: Why nothing is taken in now.
        self.trouble: str | None = None
        self._live, self._built = generations.open()

    @property
    def position(self) -> int:
        """The last position of the log that is taken in: who asks finds what is up to there."""
        return self._live.state.position

    def building(self) -> dict[str, int]:
        """What is built beside the one that answers, and how far it is."""
        return {} if self._built is None else {NAME: self._built.state.position}

    async def work(self) -> None:
        """Follow the log and build what is to be built, for ever."""
        self._to_build.set()
        self._refresh_later()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._build())

    async def find(self, terms: Sequence[str]) -> Matches:
        """The messages that have, for each of these, a word that begins so.

        Raises: StoreDamaged; then the index is built anew.
        """
        with self._watched():
            return await asyncio.to_thread(self._live.find, terms)

    async def newest(self, matches: Matches, skipped: int, count: int) -> list[int]:
        """Positions of what was found, by claimed time, the newest first.

        Raises: StoreDamaged; then the index is built anew.
        """
        with self._watched():
            return await asyncio.to_thread(matches.newest, skipped, count)

    async def erase(self, erased: Sequence[tuple[int, bytes]]) -> None:
        """Take out deleted messages: position and old record of each; done when no question finds them any more."""
        found = [entry_of(position, Record.parse(raw)) for position, raw in erased]
        positions = [entry.position for entry in found if entry is not None]
        while positions and not await self._erase(positions):  # noqa: ASYNC110  what is waited for is a disk
            await asyncio.sleep(RETRY_S)

    async def rebuild(self) -> None:
        """Build it anew beside the one that answers; done when it answers itself."""
        built = await self._begin()
        await self.until(lambda: self._built is not built)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return when something holds that can begin to only when an index moves."""
        while not holds():
            await self._moved.wait()

    async def wait_for(self, position: int) -> None:
        """Return when all up to a position is found."""
        while self._live.committed.position < position:
            self._hurried.set()
            await self._moved.wait()

    async def catch_up(self, seconds: float = PATIENCE_S) -> None:
        """Wait until what is in the log now is found, but no longer than so many seconds."""
        with suppress(TimeoutError, BusError):
            async with asyncio.timeout(seconds):
                await self.wait_for(await self._log.end())

    async def check(self) -> bool:
        """Whether what is found is what the log gives.

        Raises: Unavailable.
        """
        await self.catch_up(CHECK_S)  # what was taken in from a damaged log and is not found yet
        live = self._live
        upto = live.committed.position
        async for first, records in self._log.read(0, live=False, limit=upto):
            positions = range(first, first + len(records))
            if not await self._is_right(live, first, records):
                # A message may have been deleted since it was read.
                again = await self._log.bodies(positions)
                if not await self._is_right(live, first, again):
                    return False
        return True

    def close(self) -> None:
        """Let go of the files: what is not committed is taken in again at the next start."""
        if self._quiet is not None:
            self._quiet.cancel()
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _follow(self) -> None:
        while True:
            try:
                await self._log.wait_up()
                await self._check_log()
                self._switched.clear()
                await apart(self._keep_up(self._live))
            except* _SwitchedError:
                pass
            except* BusError as errors:
                LOGGER.info("reading the log again for search: %s", errors.exceptions[0])
                await asyncio.sleep(RETRY_S)
            except* StoreError as errors:
                self._fault = _first(errors)
            await self._run(_nothing)  # what was under way is done
            while self._fault is not None:
                await self._mend(self._fault)

    async def _keep_up(self, live: Fulltext) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read(live))
            tasks.create_task(self._commit(live))
            tasks.create_task(self._until_switched())

    async def _until_switched(self) -> None:
        await self._switched.wait()
        raise _SwitchedError

    async def _read(self, live: Fulltext) -> None:
        async for first, records in self._log.read(live.state.position, live=True, most=SLICE):
            await self._take(live, first, records)
            self._dirty.set()
            await asyncio.sleep(0)

    async def _commit(self, live: Fulltext) -> None:
        """Let what came be found: after a while, or when somebody asks."""
        pause = COMMIT_S
        while True:
            await self._dirty.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurried.wait()
            self._dirty.clear()
            self._hurried.clear()
            began = steady_ms()
            await self._run(live.commit, answers=True)
            self._failures, self.trouble = 0, None
            self._wake()
            took = (steady_ms() - began) / 1000
            await asyncio.sleep(took)
            pause = max(COMMIT_S, REST * took)

    async def _mend(self, fault: StoreError) -> None:
        """Open an index again that failed; begin it anew when it fails too often."""
        if isinstance(fault, StoreFull):
            if self.trouble is None:
                LOGGER.error("search takes nothing in: %s", fault)
            self.trouble = str(fault)
            await asyncio.sleep(PAUSE_S)
        else:
            LOGGER.warning("the search index failed: %s", fault)
            self._failures += 1
            await asyncio.sleep(RETRY_S)
        again = self._generations.anew if self._failures >= TRIES else self._generations.again
        try:
            self._live, self._fault = await self._run(again, self._live), None
        except StoreError as error:
            self._fault = error
        if self.trouble is not None:
            self._dirty.set()  # a commit, even of nothing, shows whether there is room again

    async def _check_log(self) -> None:
        """Begin anew when the log lost messages that were taken in, whatever stands in their place now."""
        state = self._live.state
        if state.position and not await self._log.has(state.position, bytes.fromhex(state.begin)):
            LOGGER.warning("the log is not the one that search knows")
            self._live = await self._run(self._generations.anew, self._live)
            self._erased.clear()
            if self._built is not None:
                await self._begin()

    async def _take(self, index: Fulltext, first: int, records: Sequence[bytes]) -> None:
        last = first + len(records) - 1
        if last > index.state.position:
            entries = [
                entry
                for entry in _entries(first, records)
                if entry.position > index.state.position and entry.position not in self._erased
            ]
            await self._run(index.add, entries, last, records[-1][:HEADER_BYTES].hex())

    async def _build(self) -> None:
        while True:
            await self._to_build.wait()
            self._to_build.clear()
            try:
                await self._log.wait_up()
                if self._to_begin:
                    await self._begin()
                while (built := self._built) is not None and not await self._is_built(built):
                    pass
            except BusError as error:
                LOGGER.info("building search again: %s", error)
                self._to_build.set()
                await asyncio.sleep(RETRY_S)
            except StoreError as error:
                LOGGER.info("search is not built: %s", error)
                self._begin_soon()
                await asyncio.sleep(PAUSE_S)

    async def _is_built(self, built: Fulltext) -> bool:
        """Take in a piece of the log; with nothing left, let it take the place of the one that answers."""
        after, upto = built.state.position, self._live.state.position
        limit = min(upto - after, AT_ONCE)
        if limit > 0:
            async for first, records in self._log.read(after, live=False, limit=limit, most=SLICE):
                await self._take(built, first, records)
                await asyncio.sleep(0)
            await self._run(built.commit)
            if built.state.position == after:  # a log that was replaced: who follows sees to it
                await asyncio.sleep(RETRY_S)
            return False
        await self._run(built.commit, answers=True)
        if built is not self._built or self._live.committed.position > built.committed.position:
            return built is not self._built
        before, self._live, self._built = self._live, built, None
        self._switched.set()
        self._wake()
        await self._run(before.delete)
        return True

    async def _begin(self) -> Fulltext:
        """Begin an index beside the one that answers; what was begun before is given up."""
        async with self._beginning:
            self._to_begin = False
            before, self._built = self._built, None
            if before is not None:
                await self._run(before.delete)
            self._built = built = await self._run(self._generations.begin)
        self._to_build.set()
        self._wake()
        return built

    def _begin_soon(self) -> None:
        self._to_begin = True
        self._to_build.set()

    def _refresh_later(self) -> None:
        """Build anew when nothing was deleted for a while: files keep the words of what is deleted."""
        if self._quiet is not None:
            self._quiet.cancel()
        if self._live.state.stale:
            loop = asyncio.get_running_loop()
            self._quiet = loop.call_later(QUIET_S, self._begin_soon)

    async def _erase(self, positions: Sequence[int]) -> bool:
        indexes = [one for one in (self._live, self._built) if one is not None]
        seen = min(one.state.position for one in indexes)
        self._erased = {position for position in self._erased if position > seen}
        self._erased.update(position for position in positions if position > seen)
        for one in indexes:
            try:
                await self._run(one.remove, positions)
                await self._run(one.commit)
            except StoreError as error:
                if one is self._built:
                    self._begin_soon()
                else:
                    self._fault = error
                    self._switched.set()
                return False
        self._wake()
        self._refresh_later()
        return True

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except StoreDamaged:
            if self._built is None:
                self._begin_soon()
            raise

    async def _is_right(self, index: Fulltext, first: int, records: Sequence[bytes]) -> bool:
        expected = {entry.position: entry.sum for entry in _entries(first, records)}
        last = first + len(records) - 1
        return await asyncio.to_thread(index.sums, first, last) == expected

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


def _entries(first: int, records: Sequence[bytes]) -> list[Entry]:
    found = (
        entry_of(position, record)
        for position, raw in enumerate(records, first)
        if (record := Record.parse(raw)).message
    )
    return [entry for entry in found if entry is not None]


def _first(errors: BaseExceptionGroup[StoreError]) -> StoreError:
    """One of the errors; a full disk before all others."""
    found: list[BaseException] = list(errors.exceptions)
    for one in found:
        if isinstance(one, BaseExceptionGroup):
            found += one.exceptions
    faults = [one for one in found if isinstance(one, StoreError)]
    return next((one for one in faults if isinstance(one, StoreFull)), faults[0])


def _nothing() -> None:
    pass
