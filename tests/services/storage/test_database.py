"""The log in the store: what it holds after a start, and what it is when something is wrong."""

from pathlib import Path
from typing import Any

import pytest

from common.feed.record import HEADER_BYTES, Candidate, Record
from common.refs.ids import raw
from common.runtime.errors import StartError
from common.store import Batch, Store, open_memory, open_rocks
from services.storage.adapters.database import (
    FAMILIES,
    FOLDER,
    MAX_SLICE_BYTES,
    Database,
    open_database,
)
from services.storage.adapters.salvage import NOTHING
from services.storage.model import Group, Log


def filled(store: Store, candidates: list[bytes]) -> tuple[Database, Log]:
    database = Database(store, "test")
    log = database.load()
    group = Group(log, iter(range(1, 10_000)).__next__, database)
    assert all(group.add(Candidate.parse(raw)) is None for raw in candidates)
    database.append(group, sync=True)
    log.adopt(group)
    return database, log


def test_load_finds_what_was_appended(authors: Any) -> None:
    store = open_memory(FAMILIES)
    _, log = filled(store, [*authors[0].write(3), *authors[1].write(2)])
    again = Database(store, "test").load()
    assert (again.heads, again.position, again.received) == (log.heads, 5, log.received)


def test_heads_that_do_not_reach_the_end_are_folded_again(authors: Any) -> None:
    store = open_memory(FAMILIES)
    _, log = filled(store, [*authors[0].write(3), *authors[1].write(2)])
    batch = Batch()
    for author in list(log.heads):
        batch.delete("heads", author)
    store.write(batch, sync=False)
    assert Database(store, "test").load().heads == log.heads


@pytest.mark.parametrize("family", ["ids", "feeds", "heads"])
def test_families_that_lost_their_end_are_folded_again(authors: Any, family: str) -> None:
    store = open_memory(FAMILIES)
    database, log = filled(store, [*authors[0].write(3), *authors[1].write(2)])
    whole = {name: dict(store.scan(name)) for name in FAMILIES}
    batch = Batch()
    for key, value in list(store.scan(family)):
        if value.endswith((5).to_bytes(8)):
            batch.delete(family, key)
    store.write(batch, sync=False)
    assert {name: dict(store.scan(name)) for name in FAMILIES} != whole
    assert database.load().heads == log.heads
    assert {name: dict(store.scan(name)) for name in FAMILIES} == whole


def test_log_that_lost_its_end_takes_the_other_families_with_it(authors: Any) -> None:
    store = open_memory(FAMILIES)
    _, before = filled(store, authors[0].write(3))
    expected = {name: dict(store.scan(name)) for name in FAMILIES}
    database, _ = filled(store, authors[1].write(2))
    batch = Batch()
    for position in (4, 5):
        batch.delete("log", position.to_bytes(8))
    store.write(batch, sync=False)
    assert database.load().heads == before.heads
    assert {name: dict(store.scan(name)) for name in FAMILIES} == expected


def test_forked_feeds_are_known_after_a_restart(authors: Any) -> None:
    store, author = open_memory(FAMILIES), authors[0]
    database, log = filled(store, author.write(2))
    group = Group(log, lambda: 1e9, database)
    stray = Candidate.parse(author.write(1)[0])._replace(previous=b"?" * 32)
    assert group.add(stray) == "previous"
    database.append(group, sync=True)
    assert Database(store, "test").load().forks.keys() == {raw(author.id)}
    assert database.evidence(raw(author.id)) == [database.message_at(raw(author.id), 2), stray]
    assert database.evidence(raw(authors[1].id)) == []


def test_slices_are_bounded_in_bytes(authors: Any) -> None:
    messages = authors[0].write(100, text="x" * 7000)
    database, log = filled(open_memory(FAMILIES), messages)
    author = raw(authors[0].id)
    for piece in (database.slice(1, 100), database.feed_slice(author, 1, 100)):
        size = sum(len(record) for _, record in piece)
        assert MAX_SLICE_BYTES <= size < MAX_SLICE_BYTES + 8000
        assert [number for number, _ in piece] == list(range(1, len(piece) + 1))
    back = database.feed_slice(author, 1, 100, reverse=True, limit=2)
    assert [number for number, _ in back] == [100, 99]
    assert log.position == 100


def test_single_records(authors: Any) -> None:
    messages = [Candidate.parse(raw) for raw in authors[0].write(3)]
    store = open_memory(FAMILIES)
    database, _ = filled(store, authors[0].write(0) or [])
    assert database.claimed_by(raw(authors[0].id)) == 0
    database, _ = filled(store, [])
    assert database.records_of([messages[0].key]) == [None]
    author = raw(authors[0].id)
    assert database.message_at(author, 1) is None


def test_message_at_gives_the_candidate_back(authors: Any) -> None:
    packed = authors[0].write(3)
    database, _ = filled(open_memory(FAMILIES), packed)
    author = raw(authors[0].id)
    for sequence, one in enumerate(packed, 1):
        assert database.message_at(author, sequence) == Candidate.parse(one)
    assert database.message_at(author, 4) is None
    assert database.received_at(2) == 2
    assert database.claimed_by(author) == authors[0].values[-1]["timestamp"]
    record = database.records_at([3])[0]
    assert record
    assert Record.parse(record).sequence == 3
    assert database.received_at(9) == 3


def test_damaged_records_have_a_place_in_the_log_and_end_their_feed(authors: Any) -> None:
    store = open_memory(FAMILIES)
    database, _ = filled(store, authors[0].write(8))
    author = raw(authors[0].id)
    whole = database.slice(1, 8)
    batch = Batch()
    batch.delete("log", (2).to_bytes(8))
    batch.put("log", (5).to_bytes(8), b"garbage")
    batch.put("log", (8).to_bytes(8), b"?" * 200)
    store.write(batch, sync=False)
    expected = [(n, NOTHING if n in {2, 5, 8} else record) for n, record in whole]
    assert database.slice(1, 8) == expected
    assert database.slice(1, 8, reverse=True) == expected[::-1]
    assert database.slice(2, 2) == expected[1:2]
    assert database.slice(8, 8) == expected[7:]
    assert database.slice(9, 12) == []
    feed = database.feed_slice(author, 1, 8)
    assert [len(record) > HEADER_BYTES for _, record in feed] == [
        n not in {2, 5, 8} for n in range(1, 9)
    ]
    assert database.message_at(author, 5) is None
    assert database.records_at([1, 2, 5]) == [whole[0][1], None, None]
    assert database.received_at(2) == database.received_at(1)
    assert Database(store, "again").load().position == 8


def test_a_feed_with_a_missing_row_ends_there(authors: Any) -> None:
    store = open_memory(FAMILIES)
    database, _ = filled(store, authors[0].write(5))
    author = raw(authors[0].id)
    batch = Batch()
    batch.delete("feeds", author + (3).to_bytes(8))
    store.write(batch, sync=False)
    for first in (1, 3):
        found = database.feed_slice(author, first, 5)
        assert [n for n, _ in found] == list(range(first, 4))
        assert len(found[-1][1]) == HEADER_BYTES


def test_open_refuses_another_layout(tmp_path: Path) -> None:
    store = open_rocks(tmp_path / FOLDER, FAMILIES)
    batch = Batch()
    batch.put("meta", b"version", b"99")
    store.write(batch, sync=True)
    store.close()
    for _ in range(2):
        with pytest.raises(StartError, match=r"scuttlebot/log has layout '99'"):
            open_database(tmp_path)


def test_open_tells_of_a_second_writer(tmp_path: Path) -> None:
    with (
        open_database(tmp_path),
        pytest.raises(StartError, match=r"scuttlebot/log is in use by another process"),
    ):
        open_database(tmp_path)
    open_database(tmp_path).__exit__(None)
