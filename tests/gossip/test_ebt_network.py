from random import Random

import pytest

from common.gossip import BlockChanged, WantedChanged
from common.refs import FeedId
from tests.support.gossip_network import FEEDS, Network

A, B, C, X = FEEDS[:4]


def want(network: Network, own: FeedId, *feeds: FeedId) -> None:
    network.nodes[own].handle(WantedChanged(feeds, (), network.now))


def two(clock_a: dict[FeedId, int], clock_b: dict[FeedId, int]) -> Network:
    network = Network(Random(1))
    network.add(A, clock_a)
    network.add(B, clock_b)
    return network


def test_two_nodes_end_with_the_same_messages_and_send_each_once() -> None:
    network = two({A: 700, X: 20}, {B: 3, X: 1300})
    for own in (A, B):
        want(network, own, A, B, X)
    network.connect(A, B)
    network.settle()
    assert network.nodes[A].log == network.nodes[B].log == {A: 700, B: 3, X: 1300}
    assert network.nodes[A].sent == 700
    assert network.nodes[B].sent == 3 + 1280
    network.nodes[A].publish()
    assert network.nodes[A].sent == 701
    network.settle()
    assert network.nodes[B].log[A] == 701


def test_second_session_of_equal_nodes_tells_only_their_own_feeds() -> None:
    network = two({A: 7, X: 9}, {B: 3})
    for own in (A, B):
        want(network, own, A, B, X)
    for _ in range(3):
        network.connect(A, B)
        network.settle()
        network.disconnect(A, B)
    notes = [network.nodes[own].notes for own in (A, B)]
    network.connect(B, A)
    while network.step():
        pass
    assert [network.nodes[own].notes for own in (A, B)] == [n + 2 for n in notes]
    network.nodes[A].publish()
    network.settle()
    assert network.nodes[B].log[A] == 8


@pytest.mark.parametrize("reconnects", [False, True])
@pytest.mark.parametrize("first", [A, B])
def test_feed_wanted_late_by_either_side_still_comes(first: FeedId, reconnects: bool) -> None:
    second = B if first == A else A
    network = two({}, {})
    want(network, A, A, B)
    want(network, B, A, B)
    want(network, first, X)
    network.connect(A, B)
    network.settle()
    if reconnects:
        network.disconnect(A, B)
    want(network, second, X)
    if reconnects:
        network.connect(A, B)
    network.settle()
    network.add(X, {X: 5})
    want(network, X, X)
    network.connect(X, first)
    network.settle()
    assert network.nodes[second].log[X] == 5


def test_what_a_peer_asked_before_the_feed_was_wanted_counts_then() -> None:
    network = two({X: 5}, {})
    want(network, B, X)
    network.connect(A, B)
    network.settle()
    assert X not in network.nodes[B].log
    want(network, A, X)
    network.settle()
    assert network.nodes[B].log[X] == 5


def test_unwanted_feeds_are_not_exchanged() -> None:
    network = two({A: 1, X: 5}, {B: 1})
    want(network, A, A, B)
    want(network, B, A, B, X)
    network.connect(B, A)
    network.settle()
    assert network.nodes[B].log == {A: 1, B: 1}
    network.nodes[A].handle(WantedChanged((), (B,), network.now))
    network.nodes[B].publish()
    network.settle()
    assert network.nodes[A].log[B] == 1


def test_a_feed_is_not_given_to_whom_its_author_blocks() -> None:
    network = two({X: 5}, {})
    for own in (A, B):
        want(network, own, X)
    network.nodes[A].handle(BlockChanged(X, B, True, 0))
    network.connect(A, B)
    network.settle()
    assert X not in network.nodes[B].log
    network.nodes[A].handle(BlockChanged(X, B, False, 0))
    network.settle()
    assert network.nodes[B].log[X] == 5
    network.nodes[A].handle(BlockChanged(X, B, True, 0))
    network.add(X, {X: 6})
    want(network, X, X)
    network.connect(X, A)
    network.settle()
    assert network.nodes[A].log[X] == 6
    assert network.nodes[B].log[X] == 5


def test_blocking_a_peer_ends_its_session() -> None:
    network = two({A: 1}, {B: 1})
    network.connect(A, B)
    network.nodes[A].handle(BlockChanged(A, B, True, 0))
    assert not network.links
    network.connect(A, B)
    assert not network.links


def random_act(network: Network, pairs: list[tuple[FeedId, FeedId]]) -> None:
    random = network.random
    act = random.random()
    a, b = random.choice(pairs)
    if act < 0.2 and (a, b) not in network.links:
        network.connect(*random.sample((a, b), 2))
    elif act < 0.25:
        network.disconnect(a, b)
    elif act < 0.4:
        random.choice(list(network.nodes.values())).publish()
    else:
        network.step()


@pytest.mark.parametrize("seed", range(25))
def test_random_networks_converge(seed: int) -> None:
    random = Random(seed)
    network = Network(random)
    peers = FEEDS[: random.randint(3, 8)]
    for own in peers:
        network.add(own, {own: random.randint(0, 9)})
        want(network, own, own)
    links = {(own, random.choice(peers[:n])) for n, own in enumerate(peers) if n}
    links |= {(a, b) for a, b in (random.sample(peers, 2) for _ in range(3)) if (b, a) not in links}
    pairs = sorted(links)
    unwanted = [(own, feed) for own in peers for feed in peers if own != feed]
    random.shuffle(unwanted)
    for own, feed in unwanted:
        for _ in range(4):
            random_act(network, pairs)
        want(network, own, feed)
    for a, b in pairs:
        if (a, b) not in network.links:
            network.connect(a, b)
    network.settle()
    heads = {own: network.nodes[own].log.get(own, 0) for own in peers}
    for node in network.nodes.values():
        assert {feed: node.log.get(feed, 0) for feed in peers} == heads


def test_among_many_peers_few_messages_come_twice() -> None:
    network = Network(Random(3))
    for own in FEEDS:
        network.add(own, {own: 50})
    for own in FEEDS:
        want(network, own, *FEEDS)
    for n, own in enumerate(FEEDS):
        for other in FEEDS[:n]:
            network.connect(own, other)
    network.settle()
    assert all(node.log == dict.fromkeys(FEEDS, 50) for node in network.nodes.values())
    needed = len(FEEDS) * (len(FEEDS) - 1) * 50
    assert sum(node.sent for node in network.nodes.values()) <= needed * 1.75
    before = sum(node.sent for node in network.nodes.values())
    network.nodes[A].publish()
    network.settle()
    assert sum(node.sent for node in network.nodes.values()) - before <= 2 * len(FEEDS)
