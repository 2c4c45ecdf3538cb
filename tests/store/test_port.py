"""One contract for every adapter of the store."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.store import (
    Batch,
    Store,
    StoreClosed,
    StoreError,
    next_prefix,
    open_memory,
    open_rocks,
)

FAMILIES = ("a", "b")


@pytest.fixture(params=["rocks", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = (
        open_rocks(tmp_path / "db", FAMILIES) if request.param == "rocks" else open_memory(FAMILIES)
    )
    yield opened
    opened.close()


def put(store: Store, family: str, *pairs: tuple[bytes, bytes], sync: bool = False) -> None:
    batch = Batch()
    for key, value in pairs:
        batch.put(family, key, value)
    store.write(batch, sync=sync)


def fill(store: Store) -> list[tuple[bytes, bytes]]:
    pairs = [(bytes([n]), b"v%d" % n) for n in range(0, 250, 2)]
    put(store, "a", *reversed(pairs))
    return pairs


def test_get_finds_what_was_put_in_its_family(store: Store) -> None:
    put(store, "a", (b"k", b"v"), (b"empty", b""), sync=True)
    assert store.get("a", b"k") == b"v"
    assert store.get("a", b"empty") == b""
    assert store.get("b", b"k") is None
    assert store.get("a", b"") is None


def test_get_many_keeps_the_order_of_keys(store: Store) -> None:
    put(store, "a", (b"1", b"one"), (b"2", b"two"))
    assert store.get_many("a", [b"2", b"x", b"1", b"2"]) == [b"two", None, b"one", b"two"]
    assert store.get_many("a", []) == []


def test_write_applies_in_order(store: Store) -> None:
    batch = Batch()
    batch.put("a", b"k", b"1")
    batch.delete("a", b"k")
    batch.put("b", b"k", b"2")
    batch.put("b", b"k", b"3")
    batch.delete("b", b"missing")
    assert len(batch) == 5
    store.write(batch, sync=False)
    assert store.get("a", b"k") is None
    assert store.get("b", b"k") == b"3"


def test_write_with_an_unknown_family_changes_nothing(store: Store) -> None:
    batch = Batch()
    batch.put("a", b"k", b"1")
    batch.put("no", b"k", b"1")
    with pytest.raises(KeyError):
        store.write(batch, sync=False)
    assert store.get("a", b"k") is None


def test_reading_an_unknown_family_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.get("no", b"k")
    with pytest.raises(KeyError):
        store.get_many("no", [b"k"])
    with pytest.raises(KeyError):
        store.scan("no")


def test_scan_is_ordered_and_half_open(store: Store) -> None:
    pairs = fill(store)
    assert list(store.scan("a")) == pairs
    assert list(store.scan("a", b"\x04", b"\x0a")) == pairs[2:5]
    assert list(store.scan("a", b"\x03", b"\x09")) == pairs[2:5]
    assert list(store.scan("a", b"\x04", b"\x0a", reverse=True)) == pairs[4:1:-1]
    assert list(store.scan("a", reverse=True, limit=3)) == pairs[:-4:-1]
    assert list(store.scan("a", b"\x04", limit=2)) == pairs[2:4]
    assert list(store.scan("a", limit=0)) == []
    assert list(store.scan("a", b"\x0a", b"\x04")) == []
    assert list(store.scan("a", b"\x04", b"\x04")) == []
    assert list(store.scan("b")) == []


def test_scan_in_slices_sees_everything_once(store: Store) -> None:
    pairs = fill(store)
    seen: list[tuple[bytes, bytes]] = []
    start = b""
    while piece := list(islice(store.scan("a", start), 7)):
        seen += piece
        start = piece[-1][0] + b"\0"
        put(store, "a", (piece[-1][0], b"changed behind the reader"))
    assert seen == pairs


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_does_not_see_what_is_written_later(store: Store, reverse: bool) -> None:
    pairs = fill(store)
    begun = store.scan("a", reverse=reverse)
    put(store, "a", (b"\x00", b"new"), (b"zzz", b"new"))
    assert next(begun) == pairs[-1 if reverse else 0]
    put(store, "a", (b"\x08", b"new"))
    assert sorted([pairs[-1 if reverse else 0], *begun]) == pairs
    assert store.get("a", b"zzz") == b"new"


def test_closed_store_says_so(store: Store) -> None:
    put(store, "a", (b"k", b"v"))
    store.flush()
    store.close()
    store.close()
    with pytest.raises(StoreClosed):
        store.get("a", b"k")
    with pytest.raises(StoreClosed):
        store.scan("a")
    with pytest.raises(StoreClosed):
        put(store, "a", (b"k", b"v"))
    with pytest.raises(StoreClosed):
        store.flush()


def test_compaction_changes_nothing_that_is_there(store: Store) -> None:
    pairs = fill(store)
    batch = Batch()
    for key, _ in pairs[10:20]:
        batch.delete("a", key)
    store.write(batch, sync=False)
    store.compact("a", pairs[5][0], pairs[30][0])
    store.compact("a")
    assert list(store.scan("a")) == pairs[:10] + pairs[20:]
    with pytest.raises(KeyError):
        store.compact("no")
    store.close()
    with pytest.raises(StoreClosed):
        store.compact("a")


def test_checkpoint_needs_a_new_folder(store: Store, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(StoreError, match="there"):
        store.checkpoint(tmp_path / "there")


KEYS = st.binary(max_size=3)
OPERATIONS = st.lists(st.tuples(st.sampled_from(FAMILIES), KEYS, st.none() | st.binary(max_size=4)))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(OPERATIONS, KEYS, st.none() | KEYS, st.booleans(), st.none() | st.integers(0, 5))
def test_both_adapters_answer_alike(  # noqa: PLR0917  hypothesis fills them
    tmp_path_factory: pytest.TempPathFactory,
    operations: list[tuple[str, bytes, bytes | None]],
    start: bytes,
    end: bytes | None,
    reverse: bool,
    limit: int | None,
) -> None:
    batch = Batch()
    batch.operations = operations
    memory = open_memory(FAMILIES)
    rocks = open_rocks(tmp_path_factory.mktemp("db"), FAMILIES)
    memory.write(batch, sync=False)
    rocks.write(batch, sync=False)
    for family in FAMILIES:
        expected = list(memory.scan(family, start, end, reverse=reverse, limit=limit))
        found = list(rocks.scan(family, start, end, reverse=reverse, limit=limit))
        assert found == expected
    rocks.close()


def test_next_prefix() -> None:
    assert next_prefix(b"ab") == b"ac"
    assert next_prefix(b"a\xff\xff") == b"b"
    assert next_prefix(b"\xff") is None
    assert next_prefix(b"") is None


def test_a_renewal_takes_the_place_of_families_and_loses_nothing(store: Store) -> None:
    put(store, "a", (b"1", b"old"), (b"2", b"old"), (b"3", b"old"))
    put(store, "b", (b"1", b"kept"))
    renewal = store.renew(["a"])
    with pytest.raises(StoreError):
        store.renew(["b"])
    scan = store.scan("a")
    batch = Batch()
    batch.put("a", b"2", b"copied")
    batch.put("a", b"4", b"copied")
    renewal.write(batch)
    put(store, "a", (b"5", b"both"), sync=True)
    batch = Batch()
    batch.delete("a", b"4")
    store.write(batch, sync=False)
    assert [key for key, _ in store.scan("a")] == [b"1", b"2", b"3", b"5"]
    renewal.finish()
    assert list(store.scan("a")) == [(b"2", b"copied"), (b"5", b"both")]
    assert store.get_many("a", [b"1", b"5"]) == [None, b"both"]
    assert store.get("b", b"1") == b"kept"
    assert len(list(scan)) == 3
    put(store, "a", (b"6", b"new"))
    store.compact("a")
    assert [key for key, _ in store.scan("a")] == [b"2", b"5", b"6"]


def test_a_renewal_that_is_given_up_changes_nothing(store: Store) -> None:
    put(store, "a", (b"1", b"old"))
    renewal = store.renew(["a", "b"])
    batch = Batch()
    batch.put("a", b"2", b"copied")
    renewal.write(batch)
    wrong = Batch()
    wrong.put("no", b"2", b"copied")
    with pytest.raises(KeyError):
        renewal.write(wrong)
    renewal.cancel()
    assert list(store.scan("a")) == [(b"1", b"old")]
    store.renew(["a"]).finish()
    assert list(store.scan("a")) == []
    with pytest.raises(KeyError):
        store.renew(["no"])
