import random

import pytest

from common.gossip import ooo
from common.gossip.ooo import Ooo
from common.refs import FeedId, MessageId, feed_id, message_id

A, B, C = (feed_id(bytes([n]) * 32) for n in range(3))
KEYS = [message_id(bytes([n]) * 32) for n in range(9)]
K, L = KEYS[:2]


def machine(*peers: FeedId) -> Ooo:
    made = Ooo()
    for peer in peers:
        made.join(peer)
    return made


def test_what_we_want_is_asked_of_everybody_once_and_of_who_comes() -> None:
    one = machine(A)
    one.want(K, 0)
    assert one.asks(A) == {}
    one.miss([K])
    assert one.is_due(A)
    assert one.asks(A) == {K: -1}
    assert not one.is_due(A)
    one.miss([K])
    one.want(K, 5)
    assert one.asks(A) == {}
    one.join(B)
    assert one.asks(B) == {K: -1}
    one.leave(A)
    one.join(A)
    assert one.asks(A) == {K: -1}
    assert (one.n_peers, one.n_queries) == (2, 1)
    assert not one.is_due(C)


def test_an_answer_is_taken_once_from_who_was_asked() -> None:
    one = machine(A, B)
    one.want(K, 0)
    one.miss([K, L])
    one.asks(A)
    assert one.hear(B, {K: None}, 1) == ooo.Heard([], [], 1)
    assert one.hear(A, {K: None, L: None}, 1) == ooo.Heard([], [K], 1)
    assert one.hear(A, {K: None}, 1).answers == []
    one.miss([K])
    assert one.asks(B) == {K: -1}
    assert one.hear(B, {K: None}, 2).answers == [K]
    one.have([K])
    assert one.n_queries == 0
    assert one.hear(A, {K: None}, 3) == ooo.Heard([], [], 1)


def test_a_question_is_looked_for_then_answered_or_passed_on() -> None:
    one = machine(A, B)
    assert one.hear(A, {K: -1, L: -1}, 0) == ooo.Heard([K, L], [], 0)
    one.have([K])
    one.miss([L])
    assert one.answers(A) == [K]
    assert one.answers(A) == []
    assert one.asks(A) == {}
    assert one.asks(B) == {L: -2}
    assert one.hear(B, {L: None}, 1).answers == [L]
    one.have([L])
    assert one.answers(A) == [L]
    assert not one.is_due(B)


def test_questions_go_two_peers_far() -> None:
    one = machine(A, B)
    assert one.hear(A, {K: -3, L: -9}, 0) == ooo.Heard([], [], 0)
    assert one.hear(A, {K: -2}, 0).look_for == [K]
    one.miss([K])
    assert one.asks(B) == {}
    assert one.hear(C_joined(one), {K: -1}, 1).look_for == []
    assert one.asks(B) == {K: -2}
    one.want(L, 1)
    assert one.hear(A, {L: -2}, 2).look_for == []
    one.miss([L])
    assert one.asks(B) == {L: -1}
    assert one.asks(A) == {}
    one.have([K])
    assert one.answers(A) == one.answers(C) == [K]


def C_joined(one: Ooo) -> FeedId:  # noqa: N802  it is peer C
    one.join(C)
    return C


def test_what_is_no_question_is_counted() -> None:
    one = machine(A)
    heard = one.hear(A, {K: 0, L: 1, "x": -1, "%x.sha256": None, KEYS[3]: None}, 0)
    assert heard == ooo.Heard([], [], 5)
    assert one.n_queries == 0


def test_what_a_peer_wanted_is_forgotten_when_it_leaves_and_when_it_is_old() -> None:
    one = machine(A, B)
    one.hear(A, {K: -1, L: -1}, 0)
    one.hear(B, {L: -1}, 0)
    one.miss([K, L])
    one.leave(A)
    assert one.asks(B) == {}
    assert one.n_queries == 1
    one.want(K, 0)
    one.expire(ooo.FOREIGN_MS)
    assert one.n_queries == 1
    one.have([K])
    one.expire(ooo.OWN_MS)
    assert one.n_queries == 0
    one.want(K, 0)
    one.expire(ooo.OWN_MS)
    assert one.n_queries == 0


def test_a_peer_may_want_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooo, "MAX_WANTS", 2)
    one = machine(A, B)
    assert one.hear(A, dict.fromkeys(KEYS[:4], -1), 0) == ooo.Heard(KEYS[:2], [], 2)
    one.have([K])
    assert one.hear(A, {KEYS[2]: -1, L: -1}, 0).n_ignored == 1
    assert one.answers(A) == [K]
    assert one.hear(A, {KEYS[2]: -1}, 0).look_for == [KEYS[2]]
    monkeypatch.setattr(ooo, "MAX_QUERIES", 2)
    assert one.hear(B, {KEYS[5]: -1}, 0).n_ignored == 1
    one.want(KEYS[6], 0)
    assert one.n_queries == 2


def test_nothing_changes_for_who_asks_again() -> None:
    one = machine(A, B, C)
    one.hear(A, {K: -1}, 0)
    one.hear(B, {K: -1}, 0)
    one.leave(A)
    assert one.hear(B, {K: -1}, 0) == ooo.Heard([], [], 0)
    assert one.n_queries == 1


def test_of_too_many_own_wishes_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooo, "MAX_OWN", 2)
    one = machine(A)
    for n, key in enumerate((K, L, K, KEYS[2])):
        one.want(key, n)
    one.miss([K, L, KEYS[2]])
    assert one.asks(A) == {K: -1, KEYS[2]: -1}


def test_objects_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooo, "MAX_ASKS", 2)
    monkeypatch.setattr(ooo, "MAX_ANSWERS", 2)
    one = machine(A, B)
    one.hear(B, dict.fromkeys(KEYS[:3], -1), 0)
    one.miss(KEYS[:3])
    assert [len(one.asks(A)), len(one.asks(A)), len(one.asks(A))] == [2, 1, 0]
    one.have(KEYS[:3])
    assert [one.answers(B), one.answers(B)] == [KEYS[:2], KEYS[2:3]]


@pytest.mark.parametrize("seed", range(40))
def test_in_a_line_who_is_within_two_steps_of_the_message_gets_it(seed: int) -> None:
    """Machines in a line, the last one has the messages; every object goes through, in any order."""
    rng = random.Random(seed)
    feeds = [feed_id(bytes([100 + n]) * 32) for n in range(4)]
    line = [Ooo() for _ in feeds]
    stores: list[set[str]] = [set(), set(), set(), set(KEYS[:3])]
    for n in range(3):
        line[n].join(feeds[n + 1])
        line[n + 1].join(feeds[n])

    def settle(n: int, keys: list[MessageId]) -> None:
        line[n].have(key for key in keys if key in stores[n])
        line[n].miss(key for key in keys if key not in stores[n])

    for n in range(3):
        line[n].want(KEYS[n], 0)
        settle(n, [KEYS[n]])
    links = [(n, m) for n in range(4) for m in (n - 1, n + 1) if 0 <= m < 4]
    while due := [(n, m) for n, m in links if line[n].is_due(feeds[m])]:
        n, m = rng.choice(due)
        sent: dict[str, int | None] = dict(line[n].asks(feeds[m]).items())
        sent |= dict.fromkeys(line[n].answers(feeds[m]))
        heard = line[m].hear(feeds[n], sent, 0)
        stores[m].update(heard.answers)
        settle(m, heard.look_for + heard.answers)
    assert stores[2] >= {KEYS[2]}
    assert stores[1] >= {KEYS[1]}
    assert KEYS[0] not in stores[0]
    assert KEYS[0] not in stores[2]
