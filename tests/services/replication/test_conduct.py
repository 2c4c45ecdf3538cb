"""Points of peers that make useless work."""

import pytest

from common.refs import FeedId, feed_id
from services.replication import conduct
from services.replication.conduct import MAX_POINTS, WINDOW_MS, Conduct

OWN, A, B, C = (feed_id(bytes([n]) * 32) for n in range(4))


def watched() -> tuple[Conduct, list[FeedId]]:
    expelled: list[FeedId] = []
    return Conduct(OWN, lambda peer, *_: expelled.append(peer)), expelled


def test_who_forges_is_refused_twice_as_long_each_time() -> None:
    heard = list[tuple[FeedId, float, str]]()
    points = Conduct(OWN, lambda *one: heard.append(one))
    for n in range(12):
        points.forged(A, n)
    points.forged(B, 0)
    points.forged(OWN, 0)
    seconds = [seconds for peer, seconds, _ in heard if peer == A]
    assert seconds[:4] == [60, 120, 240, 480]
    assert seconds[-1] == 6 * 3_600
    assert heard[-1] == (B, 60.0, conduct.FORGED)
    points.note(A, MAX_POINTS, 20)
    points.forged(A, 20 + conduct.FORGET_MS + 1)
    assert heard[-2:] == [(A, 6 * 3_600.0, conduct.TOO_MUCH), (A, 60.0, conduct.FORGED)]


def test_too_many_points_in_a_window_expel_once() -> None:
    points, expelled = watched()
    points.note(A, MAX_POINTS - 1, 0)
    points.note(A, 0, 1)
    points.note(B, 5, 1)
    assert expelled == []
    points.note(A, 1, WINDOW_MS)
    points.note(A, 9, WINDOW_MS)
    assert expelled == [A]


def test_a_new_window_begins_with_nothing() -> None:
    points, expelled = watched()
    points.note(A, MAX_POINTS - 1, 0)
    points.note(A, MAX_POINTS - 1, WINDOW_MS + 1)
    assert expelled == []
    points.note(A, 1, WINDOW_MS + 2)
    points.note(A, MAX_POINTS, 3 * WINDOW_MS)
    assert expelled == [A, A]


def test_the_own_key_may_do_what_it_likes() -> None:
    points, expelled = watched()
    points.note(OWN, 10 * MAX_POINTS, 0)
    assert expelled == []


def test_remembered_peers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conduct, "MAX_PEERS", 2)
    points, expelled = watched()
    for peer in (A, B, C, A):
        points.note(peer, MAX_POINTS - 1, 0)
    assert expelled == []
