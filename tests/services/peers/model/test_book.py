"""The book: what is kept of addresses, from files that anybody may have written."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.refs import feed_id
from services.peers.model import book as module
from services.peers.model.book import Book, migrated

A, B = (feed_id(bytes([n]) * 32) for n in (1, 2))
AT_A, AT_B = (f"net:a.example:{n}~shs:{key[1:45]}" for n, key in ((1, A), (2, B)))
MORE_A = f"net:b.example:3~shs:{A[1:45]}"

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["key", "type", "failure", "stateChange", "duration", AT_A, "host"]),
            inner,
        )
    ),
    max_leaves=8,
)


def test_an_address_is_kept_with_its_birth_and_added_to() -> None:
    book = Book()
    heard: list[int] = []
    book.changed = lambda: heard.append(1)
    book.set(AT_A, {"type": "pub"}, 5)
    book.set(AT_A, {"note": "x"}, 6)
    assert book.dump() == {AT_A: {"birth": 5, "type": "pub", "note": "x"}}
    book.update(AT_A, {"note": None, "failure": 1})
    book.update(AT_B, {"failure": 1})
    assert book.dump() == {AT_A: {"birth": 5, "type": "pub", "failure": 1}}
    assert len(heard) == 3
    assert book.delete(AT_A)
    assert not book.delete(AT_A)
    assert len(book) == 0


def test_a_peer_is_found_by_its_key_under_all_its_addresses() -> None:
    book = Book()
    for address in (AT_A, MORE_A, AT_B):
        book.set(address, {}, 0)
    assert [entry.address for entry in book.of_key(A)] == [AT_A, MORE_A]
    book.delete(AT_A)
    assert [entry.address for entry in book.of_key(A)] == [MORE_A]
    book.delete(MORE_A)
    assert book.of_key(A) == []
    assert book.peers() == [B]


def test_a_key_may_stand_in_the_data_alone() -> None:
    book = Book()
    book.set("bt:aabbcc", {}, 0)
    assert book.peers() == []
    book.set("bt:aabbcc", {"key": A}, 0)
    assert book.peers() == [A]
    book.set("bt:aabbcc", {"key": B}, 0)
    assert book.peers() == [B]


def test_what_a_file_holds_beside_entries_is_named_and_left_out() -> None:
    book = Book()
    document = {AT_A: {"key": A}, "foo bar": {}, AT_B: 5, "net:b:1": {"x": "y" * 20_000}}
    assert book.load(document) == ["foo bar", AT_B, "net:b:1"]
    assert [entry.address for entry in book] == [AT_A]
    assert book.load([1]) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([AT_A, AT_B, "x y", "bt:1"]), anything))
def test_any_file_is_read_and_every_entry_can_be_asked(document: dict[str, Any]) -> None:
    book = Book()
    book.load(document)
    for entry in book:
        assert entry.kind in ("room", "lan", "pub", "other")
        assert entry.failures >= 0
        assert entry.last_change >= 0
        assert entry.was_reached in (True, False)
        assert entry.is_loopback in (True, False)


def test_a_full_book_gives_up_who_was_announced_and_never_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 2)
    book = Book()
    book.set(AT_A, {"type": "pub", "failure": 3}, 0)
    book.set(MORE_A, {"type": "pub", "failure": 9}, 0)
    with pytest.raises(ValueError, match="full"):
        book.set(AT_B, {"type": "pub"}, 0)
    book.set(AT_B, {"source": "manual"}, 0)
    assert list(book.dump()) == [AT_A, AT_B]
    assert book.load({"net:c:1": {}}) == ["net:c:1"]
    with pytest.raises(ValueError, match="too large"):
        book.set("net:" + "c" * 2000, {}, 0)


def test_an_older_table_is_taken_over_without_the_local_network() -> None:
    old = [
        {"address": AT_A, "key": A, "source": "pub", "state": "connected", "failure": 2},
        {"host": "b.example", "port": 3, "key": A, "source": "manual", "error": None},
        {"host": "c.example", "port": 3, "key": B, "source": "local"},
        {"host": "nobody"},
        {"host": "x", "port": 1, "key": "y"},
        {"address": "foo bar"},
        7,
    ]
    found, unknown = migrated(old, 9)
    assert found == {
        AT_A: {"birth": 9, "key": A, "source": "pub", "failure": 2},
        MORE_A: {"birth": 9, "host": "b.example", "port": 3, "key": A, "source": "manual"},
    }
    assert unknown == 4
    assert migrated({}, 9) == ({}, 0)
