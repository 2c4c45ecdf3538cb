from collections import deque
from dataclasses import replace
from hashlib import sha256
from random import Random

import pytest

from common.gossip.wanting import (
    OWN,
    Abandon,
    Command,
    Deaf,
    Dropped,
    Fetch,
    FetchFailed,
    Filled,
    Freed,
    Gone,
    Listening,
    Met,
    Policy,
    Pushed,
    Reason,
    Said,
    Shun,
    Spread,
    Stored,
    Tell,
    Ticked,
    Wanted,
)
from common.gossip.wants import AGAIN_MS, MAX_AGAIN_MS, MAX_LIES, SWEEP_MS, SYMPATHY_MS, Wants
from common.refs import BlobId, FeedId, feed_id
from common.refs.ids import blob_id

FEEDS = [feed_id(bytes([n]) * 32) for n in range(12)]
ANN, BOB, CAT, DAN = FEEDS[:4]
POLICY = Policy(max=1_000, sympathy=3, pushy=2, stingy=False, fetches=3, fetches_per_peer=2)


def blob(n: int) -> BlobId:
    return blob_id(sha256(str(n).encode()).digest())


X, Y, Z = blob(1), blob(2), blob(3)


def meet(*peers: str, policy: Policy = POLICY) -> Wants:
    wants = Wants(policy, 0)
    for peer in FEEDS:
        if peer in peers:
            assert wants.handle(Met(peer)) == []
            assert wants.handle(Listening(peer)) == [Tell(peer, {})]
    return wants


def said(peer: FeedId, notes: dict[object, object], **here: int) -> Said:
    return Said(peer, notes, {X: here["x"]} if here else {}, 0)


def test_nothing_is_fetched_while_there_is_no_room() -> None:
    wants = meet(ANN)
    wants.handle(Wanted(X, 0))
    assert wants.handle(Filled()) == []
    assert wants.handle(said(ANN, {X: 5})) == []
    assert wants.handle(Freed()) == [Fetch(ANN, X, 5)]


def test_a_want_of_ours_is_told_and_the_blob_fetched_from_who_has_it() -> None:
    wants = meet(ANN, BOB)
    assert wants.handle(Wanted(X, 0)) == [Tell(ANN, {X: OWN}), Tell(BOB, {X: OWN})]
    assert wants.handle(said(BOB, {X: 7})) == [Fetch(BOB, X, 7)]
    assert wants.handle(said(ANN, {X: 7})) == []
    assert wants.fetches == 1
    told = wants.handle(Stored(X, 7, 0))
    assert told == [Abandon(BOB, X), Tell(ANN, {X: 7}), Tell(BOB, {X: 7})]
    assert wants.fetches == 0
    assert not wants.wants


def test_a_peer_that_wants_what_is_here_is_told_its_size() -> None:
    wants = meet(ANN)
    assert wants.handle(said(ANN, {X: -1}, x=9)) == [Tell(ANN, {X: 9})]
    wants.handle(Deaf(ANN))
    assert wants.handle(said(ANN, {X: -1}, x=9)) == []


def test_a_peers_want_is_passed_on_one_further_as_far_as_sympathy_goes() -> None:
    wants = meet(ANN, BOB)
    assert wants.handle(said(ANN, {X: -2})) == [Tell(ANN, {X: -3}), Tell(BOB, {X: -3})]
    assert wants.handle(said(ANN, {Y: -3})) == []
    nearer = wants.handle(said(BOB, {X: -1}))
    assert nearer == [Tell(ANN, {X: -2}), Tell(BOB, {X: -2})]
    assert wants.handle(said(BOB, {X: -2})) == []
    assert wants.handle(Wanted(X, 0)) == [Tell(ANN, {X: OWN}), Tell(BOB, {X: OWN})]
    assert wants.handle(Met(CAT)) == []
    assert wants.handle(Listening(CAT)) == [Tell(CAT, {X: OWN})]


def test_a_stingy_node_answers_and_helps_only_for_what_it_pushes() -> None:
    wants = meet(ANN, policy=replace(POLICY, stingy=True))
    assert wants.handle(said(ANN, {X: -1, Y: -1}, x=9)) == []
    assert wants.handle(Stored(Y, 3, 0)) == []
    assert wants.handle(Pushed(X)) == [Tell(ANN, {X: OWN})]
    assert wants.handle(said(ANN, {X: -2}, x=9)) == [Tell(ANN, {X: 9})]


def test_a_push_is_over_when_enough_peers_have_it() -> None:
    wants = meet(ANN, BOB)
    assert wants.handle(Pushed(X)) == [Tell(ANN, {X: OWN}), Tell(BOB, {X: OWN})]
    assert wants.handle(said(ANN, {X: 5})) == []
    assert wants.handle(said(ANN, {X: 5})) == []
    assert wants.pushes == {X: {ANN: 5}}
    assert wants.handle(Listening(CAT)) == [Tell(CAT, {X: OWN})]
    assert wants.handle(said(BOB, {X: 5})) == [Spread(X, {ANN: 5, BOB: 5})]
    assert not wants.pushes


def test_what_is_too_large_or_nonsense_is_not_fetched() -> None:
    wants = meet(ANN)
    wants.handle(Wanted(X, 0))
    nonsense = {X: 1_001, Y: 5, "x": 5, Z: True, blob(4): 0, blob(5): "5", 7: -1}
    assert wants.handle(said(ANN, nonsense)) == []
    assert wants.handle(said(DAN, {X: 5})) == []


def test_the_next_one_is_asked_when_one_fails_and_the_failed_one_is_told_again_later() -> None:
    wants = meet(ANN, BOB)
    wants.handle(Wanted(X, 0))
    wants.handle(said(ANN, {X: 7}))
    wants.handle(said(BOB, {X: 7}))
    assert wants.handle(FetchFailed(BOB, X, "lost", 0)) == []
    assert wants.handle(FetchFailed(ANN, X, "stalled", 0)) == [Fetch(BOB, X, 7)]
    assert wants.handle(FetchFailed(BOB, X, "refused", 0)) == []
    assert wants.handle(Ticked(AGAIN_MS - 1)) == []
    told = wants.handle(Ticked(AGAIN_MS))
    assert told == [Tell(ANN, {X: OWN}), Tell(BOB, {X: OWN})]
    assert wants.handle(said(ANN, {X: 7})) == [Fetch(ANN, X, 7)]
    wants.handle(FetchFailed(ANN, X, "stalled", AGAIN_MS))
    assert wants.handle(Ticked(AGAIN_MS * 3 - 1)) == []
    assert wants.handle(Dropped(X)) == []
    assert wants.handle(Ticked(AGAIN_MS * 3)) == []


def test_a_liar_is_not_believed_again_and_shunned_when_it_goes_on() -> None:
    wants = meet(ANN, BOB)
    commands: list[Command] = []
    for n in range(MAX_LIES):
        wants.handle(Wanted(blob(n), 0))
        assert wants.handle(said(ANN, {blob(n): 7})) == [Fetch(ANN, blob(n), 7)]
        commands += wants.handle(FetchFailed(ANN, blob(n), "lied", 0))
        assert wants.handle(said(ANN, {blob(n): 7})) == []
    assert commands == [Shun(ANN)]
    assert wants.handle(Ticked(SYMPATHY_MS)) == []


def test_fetches_are_limited_for_each_peer_and_in_all() -> None:
    wants = meet(ANN, BOB)
    blobs = [blob(n) for n in range(4)]
    for each in blobs:
        wants.handle(Wanted(each, 0))
    assert wants.handle(said(ANN, dict.fromkeys(blobs, 1))) == [
        Fetch(ANN, blobs[0], 1),
        Fetch(ANN, blobs[1], 1),
    ]
    assert wants.handle(said(BOB, dict.fromkeys(blobs, 1))) == [Fetch(BOB, blobs[2], 1)]
    assert wants.handle(Gone(ANN, 0)) == [Fetch(BOB, blobs[3], 1)]
    assert wants.handle(Gone(ANN, 0)) == []
    assert wants.fetches == 2
    assert wants.handle(FetchFailed(ANN, blobs[1], "lost", 0)) == []
    assert wants.handle(Stored(blobs[3], 1, 0)) == [
        Abandon(BOB, blobs[3]),
        Fetch(BOB, blobs[0], 1),
        Tell(BOB, {blobs[3]: 1}),
    ]


def test_what_others_want_is_limited_and_forgotten_after_a_day() -> None:
    wants = meet(ANN, BOB, policy=replace(POLICY, wants=2, wants_per_peer=1))
    assert len(wants.handle(said(ANN, {X: -1, Y: -1}))) == 2
    assert set(wants.wants) == {X}
    wants.handle(said(BOB, {Y: -1, Z: -1}))
    assert set(wants.wants) == {X, Y}
    wants.handle(Wanted(Y, 0))
    wants.handle(said(CAT, {Z: -1}))
    assert wants.handle(Ticked(SWEEP_MS)) == []
    wants.handle(Ticked(SYMPATHY_MS + SWEEP_MS))
    assert set(wants.wants) == {Y}
    wants.handle(said(ANN, {Z: -1}))
    assert set(wants.wants) == {Y, Z}


def test_a_want_may_outlive_its_asker() -> None:
    wants = meet(ANN, BOB)
    wants.handle(said(ANN, {X: -1}))
    wants.handle(FetchFailed(ANN, X, "lied", 0))
    wants.handle(Gone(ANN, 0))
    assert wants.handle(said(BOB, {X: 5})) == [Fetch(BOB, X, 5)]
    wants.handle(FetchFailed(BOB, X, "refused", 0))
    wants.handle(Gone(BOB, 0))
    wants.handle(Dropped(X))
    assert not wants.wants


def test_wants_and_pushes_of_before_count_on() -> None:
    wants = Wants(POLICY, 0, [X], {Y: {ANN: 3}})
    wants.handle(Met(BOB))
    assert wants.handle(Listening(BOB)) == [Tell(BOB, {X: OWN, Y: OWN})]
    assert wants.handle(said(BOB, {Y: 3})) == [Spread(Y, {ANN: 3, BOB: 3})]


class Net:
    """Nodes that run the machine, each with the blobs it has; what one tells, the other hears, in order."""

    def __init__(self, random: Random, links: set[tuple[int, int]], policy: Policy) -> None:
        self.random = random
        size = 1 + max(max(link) for link in links)
        self.nodes = [Wants(policy, 0) for _ in range(size)]
        self.blobs: list[dict[BlobId, int]] = [{} for _ in range(size)]
        self.queue: deque[tuple[int, Command]] = deque()
        self.fetched = 0
        for one, other in links:
            for here, there in ((one, other), (other, one)):
                self.do(here, Met(FEEDS[there]))
                self.do(here, Listening(FEEDS[there]))

    def do(self, node: int, event: object) -> None:
        self.queue.extend((node, each) for each in self.nodes[node].handle(event))  # type: ignore[arg-type]

    def run(self) -> None:
        while self.queue:
            node, command = self.queue.popleft()
            if isinstance(command, Tell):
                there = FEEDS.index(command.peer)
                here = {b: s for b, s in self.blobs[there].items() if b in command.notes}
                self.do(there, Said(FEEDS[node], command.notes, here, 0))
            elif isinstance(command, Fetch):
                self.fetch(node, command)

    def fetch(self, node: int, command: Fetch) -> None:
        failure: Reason | None = self.random.choice((None, None, "refused"))
        if failure is None:
            self.fetched += 1
            self.blobs[node][command.blob] = command.size
            self.do(node, Stored(command.blob, command.size, 0))
        else:
            self.do(node, FetchFailed(command.peer, command.blob, failure, 0))
            self.do(node, Ticked(MAX_AGAIN_MS))


@pytest.mark.parametrize("seed", range(50))
def test_in_any_network_a_want_reaches_as_far_as_sympathy_and_a_push_leaves_copies(
    seed: int,
) -> None:
    random = Random(seed)
    size = random.randrange(3, min(12, len(FEEDS)))
    links = {(random.randrange(n), n) for n in range(1, size)}
    links |= {(a, b) for a in range(size) for b in range(a) if random.random() < 0.1 and a != b}
    net = Net(random, {(min(link), max(link)) for link in links}, replace(POLICY, fetches=8))
    net.run()
    hops = distances(links, 0)
    net.blobs[0][X] = 9
    net.do(0, Stored(X, 9, 0))
    for node in range(1, size):
        if X not in net.blobs[node]:
            net.do(node, Wanted(X, 0))
            net.run()
        if hops[node] <= POLICY.sympathy:
            assert net.blobs[node][X] == 9
    net.do(0, Pushed(X))
    net.run()
    assert sum(X in blobs for blobs in net.blobs) >= min(size, 3)
    assert net.fetched <= size


def distances(links: set[tuple[int, int]], start: int) -> dict[int, int]:
    found, edge = {start: 0}, [start]
    while edge:
        node = edge.pop(0)
        for a, b in links:
            for here, there in ((a, b), (b, a)):
                if here == node and there not in found:
                    found[there] = found[node] + 1
                    edge.append(there)
    return found
