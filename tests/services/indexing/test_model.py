from typing import Any

import orjson
import pytest

from common.feed.record import pack_record
from common.refs import FeedId, feed_id
from common.store import Store, open_memory
from services.indexing import views
from services.indexing.model import Index, families, parse_value

FEEDS = [bytes([n]) * 32 for n in range(5)]
IDS = [FeedId(feed_id(raw)) for raw in FEEDS]


def opens(boxed: str) -> Any:
    """Opens what is for us: the JSON before the suffix."""
    text = boxed.removesuffix(".box")
    return orjson.loads(text) if text.startswith("{") else None


def record(author: int, content: Any, n: int = 1) -> bytes:
    value = {"author": IDS[author], "sequence": n, "timestamp": n, "content": content}
    return pack_record(bytes(32), FEEDS[author], n, 1000.0 + n, orjson.dumps(value))


def follow(author: int, other: int, n: int = 1) -> bytes:
    return record(author, {"type": "contact", "contact": IDS[other], "following": True}, n)


@pytest.fixture
def store() -> Store:
    return open_memory(families())


def open_index(store: Store) -> Index:
    return Index(store, IDS[0], 2, opens)


def test_fold_moves_position_rows_and_graph_together(store: Store) -> None:
    index = open_index(store)
    index.fold(1, [follow(0, 1), follow(1, 2, n=2), record(2, {"type": "post"}, n=3)])
    assert index.position == 3
    assert index.reach.hops() == {IDS[0]: 0, IDS[1]: 1, IDS[2]: 2}
    again = open_index(store)
    assert again.position == 3
    assert again.reach.hops() == index.reach.hops()
    assert len(list(index.scan("types", b"", None, reverse=False, limit=9))) == 3


def test_private_contacts_count_and_are_known_as_private(store: Store) -> None:
    index = open_index(store)
    said = {"type": "contact", "contact": IDS[1], "blocking": True}
    boxed = orjson.dumps(said).decode() + ".box"
    index.fold(1, [follow(0, 1), record(0, boxed, n=2), record(1, "for others.box")])
    for one in (index, open_index(store)):
        assert one.reach.hops() == {IDS[0]: 0, IDS[1]: -1}
        assert one.is_private(IDS[0], IDS[1])
        assert not one.is_private(IDS[1], IDS[0])
    index.fold(4, [follow(0, 1, n=3)])
    assert not index.is_private(IDS[0], IDS[1])
    assert index.reach.hops() == {IDS[0]: 0, IDS[1]: 1}


def test_what_was_seen_is_not_folded_twice(store: Store) -> None:
    index = open_index(store)
    index.fold(1, [follow(0, 1)])
    index.fold(1, [follow(0, 1), follow(0, 2)])
    assert index.position == 2
    assert len(list(index.scan("times", b"", None, reverse=False, limit=9))) == 2


def test_deleted_messages_leave_no_rows(store: Store) -> None:
    index = open_index(store)
    index.fold(1, [pack_record(bytes(32), FEEDS[0], 1, 5.0, b"")])
    assert index.position == 1
    assert not list(index.scan("times", b"", None, reverse=False, limit=9))


def test_a_new_version_begins_anew_and_forget_empties(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(store)
    index.fold(1, [follow(0, 1)] * 600)
    monkeypatch.setattr(views.Types, "version", 2)
    again = open_index(store)
    assert again.positions() == {"types": 0, "times": 600, "contacts": 600}
    assert not list(again.scan("types", b"", None, reverse=False, limit=9))
    again.forget()
    assert again.position == 0
    assert again.reach.hops() == {IDS[0]: 0}
    assert not list(again.scan("times", b"", None, reverse=False, limit=9))
    again.close()


def test_values_that_orjson_cannot_read_are_parsed_all_the_same() -> None:
    assert parse_value(b'{"content":"\\ud800"}') == {"content": "\ud800"}
