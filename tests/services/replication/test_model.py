from typing import Any

import pytest

from common.graph import BLOCK, FOLLOW, NEITHER, Edge
from common.refs import feed_id
from services.replication.model import Change, Wishes, edge_of_item
from services.replication.requests import BlockAsked, FeedAsked, GraphAsked

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


def test_requests_extend_the_graph_until_it_says_something_else() -> None:
    wishes = Wishes(ME, 1)
    assert wishes.ask(FeedAsked(B, replicate=True)) == Change([B], [], [])
    assert wishes.ask(FeedAsked(B, replicate=True)) == Change([], [], [])
    assert wishes.take([Edge(ME, A, FOLLOW)]) == Change([A], [], [])
    assert wishes.ask(FeedAsked(A, replicate=False)) == Change([], [A], [])
    assert wishes.wanted == {ME, B}
    assert wishes.take([Edge(A, C, FOLLOW)]) == Change([], [], [])
    wishes.take([Edge(ME, A, NEITHER), Edge(ME, C, FOLLOW)])
    assert wishes.wanted == {ME, B, C}
    assert wishes.take([Edge(ME, A, FOLLOW), Edge(ME, B, BLOCK)]) == Change(
        [A], [B], [(ME, B, True)]
    )
    assert not wishes.requests.feeds


def test_the_own_feed_is_always_wanted() -> None:
    wishes = Wishes(ME, 1)
    assert wishes.ask(FeedAsked(ME, replicate=False)) == Change([], [], [])
    assert wishes.wanted == {ME}


def test_blocks_that_were_asked_for_hold_until_an_edge_is_drawn() -> None:
    wishes = Wishes(ME, 1)
    assert wishes.ask(BlockAsked(A, B, blocking=False)) == Change([], [], [])
    assert wishes.ask(BlockAsked(A, B, blocking=True)) == Change([], [], [(A, B, True)])
    assert wishes.ask(BlockAsked(A, B, blocking=True)) == Change([], [], [])
    assert wishes.is_blocking(A, B)
    assert wishes.blocks() == [(A, B, True)]
    assert wishes.take([Edge(A, B, FOLLOW)]) == Change([], [], [(A, B, False)])
    assert not wishes.is_blocking(A, B)
    wishes.take([Edge(A, B, BLOCK)])
    assert wishes.ask(BlockAsked(A, B, blocking=False)) == Change([], [], [(A, B, False)])
    assert wishes.blocks() == []


def test_the_graph_may_wait_until_it_is_asked_for() -> None:
    wishes = Wishes(ME, 1, graph_counts=False)
    assert wishes.take([Edge(ME, A, FOLLOW), Edge(ME, B, FOLLOW), Edge(ME, C, BLOCK)]) == Change(
        [], [], [(ME, C, True)]
    )
    wishes.ask(FeedAsked(B, replicate=False))
    wishes.ask(FeedAsked(C, replicate=True))
    assert wishes.wanted == {ME, C}
    assert wishes.ask(GraphAsked()) == Change(sorted([A, B]), [C], [])
    assert wishes.requests.feeds == {}


def test_of_too_many_feeds_the_nearest_are_wanted() -> None:
    wishes = Wishes(ME, 3, max_feeds=3)
    wishes.take([Edge(ME, B, FOLLOW), Edge(B, C, FOLLOW), Edge(C, A, FOLLOW)])
    assert wishes.wanted == {ME, B, C}
    assert wishes.n_left_out == 1
    assert wishes.ask(FeedAsked(A, replicate=True)) == Change([A], [C], [])
    assert wishes.ask(FeedAsked(B, replicate=False)) == Change([C], [B], [])
    assert wishes.n_left_out == 0


def test_who_watches_hears_each_change_once() -> None:
    wishes, heard = Wishes(ME, 1), list[Change]()
    stop = wishes.on_change(heard.append)
    wishes.take([Edge(ME, A, FOLLOW)])
    wishes.take([Edge(A, B, FOLLOW)])
    stop()
    wishes.ask(FeedAsked(B, replicate=True))
    assert heard == [Change([A], [], [])]
