"""Playbooks of what bounds a machine: messages of one feed, and peers that rest."""

from common.gossip import (
    Appended,
    Command,
    Connected,
    Ebt,
    Event,
    MessagesLost,
    MessagesReceived,
    NotesReceived,
    ReadFeed,
    Rested,
    SendMessages,
    SendNotes,
    Ticked,
    Verify,
    WantedChanged,
)
from common.refs import FeedId
from tests.support.gossip_messages import FEEDS, body, message

ME, P, Q, X, Y = FEEDS[:5]


def machine(clock: dict[FeedId, int], *wanted: FeedId, limit: int = 0) -> Ebt:
    ebt = Ebt(ME, clock, limit)
    ebt.handle(WantedChanged(wanted, (), 0))
    return ebt


def do(ebt: Ebt, event: Event, *commands: Command) -> None:
    assert list(ebt.handle(event)) == list(commands)


def received(peer: FeedId, feed: FeedId, *sequences: int) -> MessagesReceived:
    return MessagesReceived(peer, [message(feed, n) for n in sequences], 0)


def test_a_feed_is_taken_up_to_its_limit_and_given_to_others() -> None:
    ebt = machine({X: 1}, X, limit=3)
    assert (ebt.room(X), ebt.room(ME)) == (2, -1)
    do(ebt, Connected(P, False, 0), SendNotes(P, {X: (1, True)}))
    do(ebt, NotesReceived(P, {X: (9, False)}, 0))
    taken = [message(X, 2), message(X, 3)]
    do(ebt, received(P, X, 2, 3, 4, 5), Verify(P, taken))
    assert ebt.over_limit == 2
    do(ebt, Appended(taken), SendNotes(P, {X: (3, False)}))
    assert (ebt.room(X), list(ebt.missing)) == (0, [])
    do(ebt, NotesReceived(P, {X: (10, False)}, 0))
    do(ebt, received(P, X, 6))
    do(ebt, MessagesLost(P, X, 0))
    do(ebt, Connected(Q, False, 0), SendNotes(Q, {X: (3, False)}))
    do(ebt, NotesReceived(Q, {X: (20, False)}, 0))
    do(ebt, Ticked(60_000))
    do(ebt, NotesReceived(Q, {X: (0, True)}, 60_000), ReadFeed(Q, X, 0, 500))


def test_the_own_feed_has_no_limit() -> None:
    ebt = machine({ME: 5}, ME, limit=3)
    do(ebt, Connected(P, False, 0), SendNotes(P, {ME: (5, True)}))
    do(ebt, received(P, ME, 6), Verify(P, [message(ME, 6)]))


def test_a_peer_that_rests_is_asked_for_nothing_and_another_one_is() -> None:
    ebt = machine({X: 1, Y: 5}, X, Y)
    do(ebt, Connected(P, False, 0), SendNotes(P, {X: (1, True), Y: (5, True)}))
    do(ebt, Connected(Q, False, 0), SendNotes(Q, {X: (1, False), Y: (5, False)}))
    do(ebt, NotesReceived(P, {X: (9, False), Y: (2, True)}, 0), ReadFeed(P, Y, 2, 500))
    do(ebt, NotesReceived(Q, {X: (8, False), Y: (5, False)}, 0))
    do(
        ebt,
        Rested(P, resting=True, now=1),
        SendNotes(P, {X: (1, False), Y: (5, False)}),
        SendNotes(Q, {X: (1, True)}),
    )
    do(ebt, NotesReceived(P, {X: (10, False), Y: (2, True)}, 2))
    again = SendNotes(Q, {X: (-1, False)}), SendNotes(Q, {X: (1, True)})
    do(ebt, Ticked(60_000), *again)
    do(ebt, Rested(ME, resting=True, now=60_001))
    do(
        ebt,
        Rested(P, resting=False, now=90_002),
        SendNotes(P, {X: (1, True)}),
        SendNotes(Q, {X: (1, False)}),
    )


def test_a_peer_that_rests_is_given_nothing_until_it_does_no_longer() -> None:
    ebt = machine({X: 2}, X)
    do(ebt, Connected(P, False, 0), SendNotes(P, {X: (2, True)}))
    do(ebt, NotesReceived(P, {X: (2, True)}, 0))
    do(ebt, Rested(P, resting=True, now=1), SendNotes(P, {X: (2, False)}))
    do(ebt, Appended([message(X, 3)]))
    do(ebt, Rested(P, resting=False, now=9), ReadFeed(P, X, 2, 500))
    do(ebt, Appended([message(X, 4)]))
    do(ebt, NotesReceived(P, {X: (2, True)}, 0))
    assert SendMessages(P, [body(X, 5)]) not in ebt.handle(Appended([message(X, 5)]))
