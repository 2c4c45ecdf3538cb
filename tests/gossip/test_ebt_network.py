"""A few real machines on lines without faults: what two or three peers tell and give each other."""

import pytest

from common.refs import FeedId
from tests.simulation.library import feed
from tests.simulation.peer import Peer
from tests.simulation.town import Town

A, B, C, X = (feed(n) for n in range(4))


def lengths(peer: Peer, *feeds: FeedId) -> list[int]:
    return [peer.length(one) for one in feeds]


def test_two_peers_end_with_the_same_messages_and_send_each_once() -> None:
    town = Town()
    a = town.peer(A, {A: 700, X: 20}, A, B, X)
    b = town.peer(B, {B: 3, X: 1300}, A, B, X)
    town.connect(a, b)
    town.pass_time()
    assert lengths(a, A, B, X) == lengths(b, A, B, X) == [700, 3, 1300]
    assert town.sent == 700 + 3 + 1280
    a.publish()
    town.pass_time()
    assert b.length(A) == 701
    assert town.sent == 700 + 3 + 1280 + 1


def test_second_session_of_equal_peers_tells_only_their_own_feeds() -> None:
    town = Town()
    a, b = town.peer(A, {A: 7, X: 9}, A, B, X), town.peer(B, {B: 3}, A, B, X)
    for _ in range(3):
        town.connect(a, b)
        town.pass_time()
        town.cut(a, b)
    town.connect(b, a)
    town.pass_time()
    assert a.process is not None
    assert b.process is not None
    assert set(a.process.ebt.sessions[B].skipped) == {X}
    assert set(b.process.ebt.sessions[A].skipped) == {X}
    a.publish()
    town.pass_time()
    assert b.length(A) == 8


@pytest.mark.parametrize("reconnects", [False, True])
@pytest.mark.parametrize("first", [A, B])
def test_feed_wanted_late_by_either_side_still_comes(first: FeedId, reconnects: bool) -> None:
    town = Town()
    peers = {own: town.peer(own, {}, A, B) for own in (A, B)}
    early, late = peers[first], peers[B if first == A else A]
    early.want({X}, set())
    town.connect(peers[A], peers[B])
    town.pass_time()
    if reconnects:
        town.cut(peers[A], peers[B])
    late.want({X}, set())
    if reconnects:
        town.connect(peers[A], peers[B])
    town.pass_time()
    x = town.peer(X, {X: 5}, X)
    town.connect(x, early)
    town.pass_time()
    assert late.length(X) == 5


def test_a_feed_that_both_refused_comes_when_both_want_it_in_a_later_session() -> None:
    """ssb-ebt#61: a refusal that was remembered kept a feed away for good."""
    town = Town()
    a, b, c = town.peer(A, {X: 5}), town.peer(B, {}), town.peer(C, {X: 5}, X)
    for peer in (a, b):
        town.connect(c, peer)
    a.want({X}, set())
    town.connect(a, b)
    town.pass_time()
    a.want(set(), {X})
    b.want({X}, set())
    town.pass_time()
    for pair in ((a, b), (c, a), (c, b)):
        town.cut(*pair)
    b.disk.log.clear()
    for peer in (a, b):
        peer.stop()
        peer.start()
        peer.want({X}, set())
    town.connect(b, a)
    town.pass_time()
    assert b.length(X) == 5


def test_what_a_peer_asked_before_the_feed_was_wanted_counts_then() -> None:
    town = Town()
    a, b = town.peer(A, {X: 5}), town.peer(B, {}, X)
    town.connect(a, b)
    town.pass_time()
    assert b.length(X) == 0
    a.want({X}, set())
    town.pass_time()
    assert b.length(X) == 5


def test_unwanted_feeds_are_not_exchanged() -> None:
    town = Town()
    a, b = town.peer(A, {A: 1, X: 5}, A, B), town.peer(B, {B: 1}, A, B, X)
    town.connect(b, a)
    town.pass_time()
    assert lengths(a, A, B) == lengths(b, A, B) == [1, 1]
    assert b.length(X) == 0
    a.want(set(), {B})
    b.publish()
    town.pass_time()
    assert a.length(B) == 1


def test_a_feed_is_not_given_to_whom_its_author_blocks() -> None:
    town = Town()
    a, b = town.peer(A, {X: 5}, X), town.peer(B, {}, X)
    a.hears_block(X, B, blocked=True)
    town.connect(a, b)
    town.pass_time()
    assert b.length(X) == 0
    a.hears_block(X, B, blocked=False)
    town.pass_time()
    assert b.length(X) == 5
    a.hears_block(X, B, blocked=True)
    x = town.peer(X, {X: 6}, X)
    town.connect(x, a)
    town.pass_time()
    assert (a.length(X), b.length(X)) == (6, 5)


def test_blocking_a_peer_ends_its_session() -> None:
    town = Town()
    a, b = town.peer(A, {A: 1}), town.peer(B, {B: 1})
    town.connect(a, b)
    a.hears_block(A, B, blocked=True)
    assert not town.are_connected(a, b)
    town.connect(a, b)
    assert not town.are_connected(a, b)


def test_two_branches_stop_where_they_part_and_are_seen() -> None:
    """ssb-server#410: forks were silent."""
    town = Town()
    a, b, x = town.peer(A, {}, X), town.peer(B, {}, X), town.peer(X, {X: 3}, X)
    town.connect(x, a)
    x.keep_copy()
    x.publish()
    town.pass_time()
    town.cut(x, a)
    x.stop()
    x.restore(guarded=False)
    x.start()
    x.publish()
    x.publish()
    town.connect(x, b)
    town.pass_time()
    town.connect(a, b)
    town.pass_time()
    assert lengths(a, X) == [4]
    assert lengths(b, X) == [5]
    assert a.disk.log[X][:3] == b.disk.log[X][:3]
    assert a.disk.log[X][3] != b.disk.log[X][3]
    assert a.saw_fork(X)
    assert a.refuses(X, B)
    assert not b.refuses(A, X)


def test_among_many_peers_few_messages_come_twice() -> None:
    town = Town()
    feeds = [feed(n) for n in range(12)]
    peers = [town.peer(own, {own: 50}, *feeds) for own in feeds]
    for n, peer in enumerate(peers):
        for other in peers[:n]:
            town.connect(peer, other)
    town.pass_time()
    assert {peer.length(own) for peer in peers for own in feeds} == {50}
    assert town.sent <= 12 * 11 * 50 * 1.75
    before = town.sent
    peers[0].publish()
    town.pass_time()
    assert town.sent - before <= 2 * 12
