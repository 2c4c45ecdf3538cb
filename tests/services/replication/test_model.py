from typing import Any

import pytest

from common.graph import BLOCK, FOLLOW, NEITHER, Edge
from common.refs import feed_id
from services.replication.model import Change, Wishes, edge_of_item

ME, A, B, C = (feed_id(bytes([n]) * 32) for n in range(4))


def test_own_feed_is_wanted_from_the_first() -> None:
    wishes = Wishes(ME, 2)
    assert wishes.wanted == {ME}
    assert wishes.take([]) == Change([], [], [])


def test_nearer_feeds_are_asked_for_first() -> None:
    wishes = Wishes(ME, 2)
    change = wishes.take([Edge(A, B, FOLLOW), Edge(ME, A, FOLLOW), Edge(B, C, FOLLOW)])
    assert change == Change([A, B], [], [])
    assert wishes.wanted == {ME, A, B}
    assert wishes.take([Edge(B, C, NEITHER)]) == Change([], [], [])
    assert wishes.take([Edge(ME, A, NEITHER)]) == Change([], sorted([A, B]), [])


def test_blocks_are_told_once_and_taken_back() -> None:
    wishes = Wishes(ME, 1)
    wishes.take([Edge(ME, A, FOLLOW)])
    assert wishes.take([Edge(ME, A, BLOCK), Edge(A, B, BLOCK)]) == Change(
        [], [A], [(ME, A, True), (A, B, True)]
    )
    assert wishes.is_blocking(ME, A)
    assert not wishes.is_blocking(A, "")
    assert wishes.take([Edge(ME, A, FOLLOW)]) == Change([A], [], [(ME, A, False)])
    assert not wishes.is_blocking(ME, A)


@pytest.mark.parametrize(
    "item",
    [{"sync": True}, [], {"source": ME, "dest": A}, {"source": ME, "dest": A, "value": 2}],
)
def test_other_items_are_no_edges(item: Any) -> None:
    assert edge_of_item(item) is None


def test_edge_items_are_read() -> None:
    assert edge_of_item({"source": ME, "dest": A, "value": -2}) == Edge(ME, A, NEITHER)
