"""Group commit: what is answered, what is not, and what a failing disk leaves behind."""

import asyncio
import logging
from typing import Any

import pytest

from common.bus import OurError
from common.feed.record import Candidate
from common.store import Batch, StoreError, StoreFull, open_memory
from services.storage.adapters import writer as module
from services.storage.adapters.database import FAMILIES, Database
from services.storage.adapters.writer import MAX_GROUP, Writer
from services.storage.model import Group


class Disk:
    """A store that counts, and that fails on demand."""

    def __init__(self) -> None:
        self._store: Any = open_memory(FAMILIES)
        self.syncs: list[bool] = []
        self.flushes = 0
        self.fault: StoreError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, batch: Batch, *, sync: bool) -> None:
        if self.fault:
            raise self.fault
        self.syncs.append(sync)
        self._store.write(batch, sync=sync)

    def flush(self) -> None:
        if self.fault:
            raise self.fault
        self.flushes += 1


@pytest.fixture
def disk() -> Disk:
    return Disk()


def make(disk: Any) -> Writer:
    database = Database(disk, "test")
    disk.syncs.clear()
    return Writer(database)


def trouble(writer: Writer) -> str | None:
    return writer.trouble


def adding(raw: bytes) -> Any:
    def part(group: Group) -> str | None:
        return group.add(Candidate.parse(raw))

    return part


async def test_what_is_asked_together_is_written_together(disk: Disk, authors: Any) -> None:
    writer = make(disk)
    first = [writer.do(adding(raw)) for raw in authors[0].write(5)]
    second = [writer.do(adding(raw), sync=True) for raw in authors[1].write(5)]
    assert await asyncio.gather(*first, *second) == [None] * 10
    assert disk.syncs == [True]
    assert writer.log.position == 10


async def test_groups_are_bounded(disk: Disk, authors: Any) -> None:
    writer = make(disk)
    parts = [writer.do(adding(raw), weight=MAX_GROUP // 2) for raw in authors[0].write(5)]
    await asyncio.gather(*parts)
    assert disk.syncs == [False] * 3


async def test_part_that_raises_harms_no_other(disk: Disk, authors: Any) -> None:
    writer = make(disk)

    def bad(_: Group) -> None:
        raise KeyError("mine")

    raw = authors[0].write()[0]
    parts: list[Any] = [writer.do(bad), writer.do(adding(raw))]
    one, two = await asyncio.gather(*parts, return_exceptions=True)
    assert isinstance(one, KeyError)
    assert two is None
    assert writer.log.position == 1


async def test_cancelled_part_is_not_done(disk: Disk, authors: Any) -> None:
    writer = make(disk)
    task = asyncio.create_task(writer.do(adding(authors[0].write()[0])))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert writer.log.position == 0


async def test_full_disk_leaves_the_log_as_it_was(
    disk: Disk, authors: Any, caplog: pytest.LogCaptureFixture
) -> None:
    writer, candidates = make(disk), authors[0].write(2)
    disk.fault = StoreFull("no room")
    with caplog.at_level(logging.CRITICAL), pytest.raises(OurError, match="no room") as raised:
        await writer.do(adding(candidates[0]))
    assert raised.value.code == "no_space"
    assert trouble(writer) == "no room"
    assert writer.log.position == 0
    disk.fault = None
    assert await writer.do(adding(candidates[0])) is None
    assert trouble(writer) is None
    assert await writer.do(adding(candidates[1])) is None
    assert writer.log.position == 2


async def test_end_of_a_full_disk_is_noticed_without_work(
    disk: Disk,
    authors: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.02)
    writer = make(disk)
    disk.fault = StoreFull("no room")
    with caplog.at_level(logging.CRITICAL):
        with pytest.raises(OurError):
            await writer.do(adding(authors[0].write()[0]))
        await asyncio.sleep(0.1)
        assert trouble(writer) == "no room"
        disk.fault = None
        await asyncio.sleep(0.1)
    assert trouble(writer) is None
    assert writer.log.position == 0


async def test_broken_database_ends_the_process(
    disk: Disk, authors: Any, caplog: pytest.LogCaptureFixture
) -> None:
    writer = make(disk)
    disk.fault = StoreError("input/output error")
    with caplog.at_level(logging.CRITICAL), pytest.raises(OurError) as raised:
        await writer.do(adding(authors[0].write()[0]))
    assert raised.value.code == "internal"
    with pytest.raises(StoreError, match="input/output"):
        await writer.broken()


async def test_clock_that_jumped_back_is_told_and_times_still_rise(
    disk: Disk, authors: Any
) -> None:
    now = 1_700_000_000_000.0
    store: Any = disk
    writer = Writer(Database(store, "test"), lambda: now)
    candidates = authors[0].write(4)
    await writer.do(adding(candidates[0]))
    now += 86_400_000
    await writer.do(adding(candidates[1]))
    assert writer.clock_lag_ms() == 0
    now -= 86_400_000
    await writer.do(adding(candidates[2]))
    await writer.do(adding(candidates[3]))
    assert writer.clock_lag_ms() == pytest.approx(86_400_000)
    database = Database(store, "test")
    times = [database.received_at(position) for position in range(1, 5)]
    assert times == sorted(set(times))


async def test_flush_follows_within_a_second(
    disk: Disk, authors: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.02)
    writer, candidates = make(disk), authors[0].write(3)
    await writer.do(adding(candidates[0]))
    await writer.do(adding(candidates[1]))
    assert disk.flushes == 0
    await asyncio.sleep(0.1)
    assert disk.flushes == 1
    await writer.do(adding(candidates[2]))
    disk.fault = StoreFull("no room")
    with caplog.at_level(logging.CRITICAL):
        await asyncio.sleep(0.1)
    assert disk.flushes == 1


async def test_leaving_writes_what_is_queued(disk: Disk, authors: Any) -> None:
    with make(disk) as writer:
        done = asyncio.create_task(writer.do(adding(authors[0].write()[0])))
        await asyncio.sleep(0)
    assert await done is None
    assert disk.syncs == [False]
    assert disk.flushes == 1
    with writer:
        pass
