import pytest

from common.refs import feed_id
from services.replication import quota
from services.replication.quota import Quota

A, B, C = (feed_id(bytes([n]) * 32) for n in range(3))


def test_a_peer_rests_until_its_window_is_over() -> None:
    bytes_ = Quota(100, 1_000)
    assert not bytes_.spend(A, 99, 5)
    assert bytes_.rest_ms(A, 5) == 0
    assert bytes_.spend(A, 1, 500)
    assert not bytes_.spend(A, 7, 600)
    assert bytes_.rest_ms(A, 600) == 405
    assert bytes_.excess(A) == 7
    assert bytes_.rest_ms(B, 600) == bytes_.excess(B) == 0
    assert bytes_.rest_ms(A, 1_005) == 0
    assert not bytes_.spend(A, 50, 1_005)
    assert bytes_.excess(A) == 0


def test_without_a_maximum_nothing_counts() -> None:
    bytes_ = Quota(0, 1_000)
    assert not bytes_.spend(A, 1 << 40, 0)
    assert bytes_.rest_ms(A, 0) == 0


def test_remembered_peers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "MAX_PEERS", 2)
    bytes_ = Quota(10, 1_000)
    assert all(bytes_.spend(peer, 10, 0) for peer in (A, B, C, A))
