"""The fold: rows, positions and the graph move together; generations; what is erased."""

from typing import Any

import orjson
import pytest

from common.feed.record import Record, pack_record
from common.graph import BLOCK, Edge
from common.store import Store, open_memory
from services.indexing.model.index import BOTH, Index
from services.indexing.model.message import PRIVATE
from services.indexing.model.shelf import FAMILIES
from services.indexing.views import VIEWS
from services.indexing.views.types import Types
from tests.support.indexing_suite import FEEDS, IDS, boxed, opens


def record(author: int, content: Any, n: int = 1) -> bytes:
    value = {"author": IDS[author], "sequence": n, "timestamp": n, "content": content}
    return pack_record(bytes(32), FEEDS[author], n, 1000.0 + n, orjson.dumps(value))


def follow(author: int, other: int, n: int = 1) -> bytes:
    return record(author, {"type": "contact", "contact": IDS[other], "following": True}, n)


@pytest.fixture
def store() -> Store:
    return open_memory(FAMILIES)


def open_index(store: Store) -> Index:
    return Index(store, VIEWS, IDS[0], 2, opens)


def rows(index: Index) -> dict[str, list[Any]]:
    return {view.name: list(index.scan(view.name, spaces=BOTH)) for view in VIEWS}


def test_fold_moves_position_rows_and_graph_together(store: Store) -> None:
    index = open_index(store)
    index.fold(1, [follow(0, 1), follow(1, 2, n=2), record(2, {"type": "post"}, n=3)])
    assert index.position == 3
    assert index.social.reach.hops() == {IDS[0]: 0, IDS[1]: 1, IDS[2]: 2}
    again = open_index(store)
    assert again.position == 3
    assert again.social.reach.hops() == index.social.reach.hops()
    assert len(list(index.scan("types"))) == 3


def test_private_contacts_count_and_are_known_as_private(store: Store) -> None:
    index = open_index(store)
    said = {"type": "contact", "contact": IDS[1], "blocking": True}
    index.fold(1, [follow(0, 1), record(0, boxed(said), n=2), record(1, "for others.box")])
    for one in (index, open_index(store)):
        assert one.social.reach.hops() == {IDS[0]: 0, IDS[1]: -1}
        assert one.social.is_private(IDS[0], IDS[1])
        assert not one.social.is_private(IDS[1], IDS[0])
    index.fold(4, [follow(0, 1, n=3)])
    assert not index.social.is_private(IDS[0], IDS[1])
    assert index.social.reach.hops() == {IDS[0]: 0, IDS[1]: 1}


def test_what_was_in_a_box_is_kept_apart(store: Store) -> None:
    index = open_index(store)
    index.fold(1, [record(0, boxed({"type": "post", "text": "secret"}))])
    assert not list(index.scan("types"))
    assert [row.position for row in index.scan("types", spaces=(PRIVATE,))] == [1]
    raw = record(0, boxed({"type": "post", "text": "secret"}))
    assert index.opened(1, Record.parse(raw)).content == {"type": "post", "text": "secret"}
    assert index.opened(1, Record.parse(raw)).sealed().content.endswith(".box")


def test_what_was_seen_is_not_folded_twice(store: Store) -> None:
    index = open_index(store)
    index.fold(1, [follow(0, 1)])
    index.fold(1, [follow(0, 1), follow(0, 2)])
    assert index.position == 2
    assert len(list(index.scan("times"))) == 2


def test_a_gap_is_not_folded(store: Store) -> None:
    index = open_index(store)
    index.fold(1, [follow(0, 1)])
    index.fold(3, [follow(0, 2)])
    assert index.position == 1


def test_deleted_messages_leave_no_rows(store: Store) -> None:
    index = open_index(store)
    index.fold(1, [pack_record(bytes(32), FEEDS[0], 1, 5.0, b"")])
    assert index.position == 1
    assert not list(index.scan("times"))


def test_erasing_takes_all_rows_out_and_the_graph_back(store: Store) -> None:
    index, other = open_index(store), open_index(open_memory(FAMILIES))
    block = {"type": "contact", "contact": IDS[1], "blocking": True}
    log = [
        follow(0, 1),
        record(1, {"type": "post"}, 2),
        record(0, boxed(block), 3),
        follow(0, 2, 4),
    ]
    index.fold(1, log)
    folded = index.erase(2, [(3, log[2]), (4, log[3])])
    assert set(folded.edges) == {Edge(IDS[0], IDS[1], 1), Edge(IDS[0], IDS[2], -2)}
    gone = [pack_record(bytes(32), FEEDS[0], n, 1000.0 + n, b"") for n in (3, 4)]
    other.fold(1, [*log[:2], *gone])
    assert rows(index) == rows(other)
    assert index.social.graph.size() == other.social.graph.size() == 1
    assert index.social.reach.hops() == other.social.reach.hops() == {IDS[0]: 0, IDS[1]: 1}
    assert index.erasures == open_index(store).erasures == 2


def test_what_was_erased_before_it_was_folded_stays_out(store: Store) -> None:
    index = open_index(store)
    secret = record(0, {"type": "post"})
    index.erase(1, [(1, secret)])
    index.fold(1, [secret])
    assert index.position == 1
    assert not any(rows(index).values())


def test_late_messages_get_the_rows_they_would_have_had(store: Store) -> None:
    index, other = open_index(store), open_index(open_memory(FAMILIES))
    sealed, opened = record(0, "x.box"), record(0, boxed({"type": "post"}))
    index.fold(1, [sealed])
    folded = index.late([index.read(1, Record.parse(opened))])
    assert folded.edges == []
    other.fold(1, [opened])
    assert rows(index) == rows(other)


def test_a_new_version_is_built_beside_the_old_one_that_goes_on_answering(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_index(store).fold(1, log := [follow(0, 1)] * 600)
    monkeypatch.setattr(Types, "version", 99)
    monkeypatch.setattr(Types, "reads", frozenset({2}))
    index = open_index(store)
    assert index.building() == {"types": 0}
    assert index.positions()["types"] == 600
    assert len(list(index.scan("types"))) == 600
    assert index.behind() == 0
    index.fold(1, log[:300])
    assert not index.settle()
    index = open_index(store)  # as after a kill: it goes on where it was
    assert index.building() == {"types": 300}
    index.fold(601, [follow(0, 2)])
    assert index.positions()["types"] == 601
    index.fold(301, [*log[300:], follow(0, 2)])
    assert index.settle()
    assert index.building() == {}
    assert sum(index.empty()) == 601
    assert len(list(index.scan("types"))) == 601
    assert open_index(store).building() == {}


def test_a_version_that_cannot_be_read_begins_anew_and_forget_empties(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(store)
    index.fold(1, [follow(0, 1)] * 600)
    monkeypatch.setattr(Types, "version", 99)
    again = open_index(store)
    assert again.positions()["types"] == 0
    assert again.positions()["times"] == 600
    assert again.front == 600
    assert not list(again.scan("types"))
    again.forget()
    assert again.position == again.front == 0
    assert again.mark is None
    assert again.social.reach.hops() == {IDS[0]: 0}
    assert not any(rows(again).values())
    again.close()


def test_a_view_that_is_no_more_is_emptied(store: Store) -> None:
    open_index(store).fold(1, [follow(0, 1)] * 3)
    fewer = [view for view in VIEWS if view.name != "types"]
    index = Index(store, fewer, IDS[0], 2, opens)
    assert sum(index.empty()) == 3
    assert "types" not in index.positions()


def test_the_graph_goes_ahead_and_the_views_follow(store: Store) -> None:
    index, other = open_index(store), open_index(open_memory(FAMILIES))
    log = [record(0, {"type": "post"}), follow(0, 1), follow(1, 2), record(0, {"type": "vote"})]
    index.fold(1, log, graph_only=True)
    assert index.social.reach.hops() == {IDS[0]: 0, IDS[1]: 1, IDS[2]: 2}
    assert (index.graph_position, index.front, index.position) == (4, 4, 0)
    assert index.behind() == 0
    index = open_index(store)  # as after a kill
    assert index.social.reach.hops() == {IDS[0]: 0, IDS[1]: 1, IDS[2]: 2}
    assert index.fold(1, log[:3]).edges == []
    index.fold(4, log[3:])
    other.fold(1, log)
    assert index.behind() is None
    assert rows(index) == rows(other)


def test_what_the_graph_passed_before_its_key_was_there_is_drawn_when_the_views_come_by(
    store: Store,
) -> None:
    index, other = open_index(store), open_index(open_memory(FAMILIES))
    block = {"type": "contact", "contact": IDS[1], "blocking": True}
    sealed, opened = record(0, "x.box"), record(0, boxed(block))
    index.fold(1, [sealed, follow(0, 2)], graph_only=True)
    folded = index.fold(1, [opened, follow(0, 2)])
    assert folded.edges == [Edge(IDS[0], IDS[1], BLOCK)]
    other.fold(1, [opened, follow(0, 2)])
    assert rows(index) == rows(other)
