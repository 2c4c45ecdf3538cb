"""The book of peers: states as ssb-gossip shows them, and when to dial again."""

import pytest

from common.refs import feed_id
from services.peers import model
from services.peers.model import Book, Peer, back_off
from services.peers.ping import Ping

OWN, A, B = (feed_id(bytes([n]) * 32) for n in range(3))


def book() -> tuple[Book, Peer]:
    made = Book(OWN, lambda: 0.0)
    peer = made.add(A, "net:a:1~shs:A", "a", 1, "seed")
    assert peer is not None
    return made, peer


def state(peer: Peer) -> object:
    return peer.state


def test_back_off_doubles_up_to_ten_minutes_with_some_chance() -> None:
    assert [back_off(n, 0) for n in range(4)] == [2000, 4000, 8000, 16_000]
    assert back_off(99, 0) == 600_000
    assert back_off(99, 1) == 450_000
    assert back_off(0, 1) == 1500


def test_a_new_peer_is_due_at_once_and_only_once() -> None:
    made, peer = book()
    assert made.next_due() == 0
    assert made.due(100) == [peer]
    assert (peer.state, peer.state_change) == ("connecting", 100)
    assert made.due(101) == []
    assert made.next_due() is None


@pytest.mark.parametrize("jump", [-86_400_000, -10_000, 86_400_000])
def test_a_clock_that_jumps_keeps_nobody_waiting(jump: int) -> None:
    made, peer = book()
    made.due(1_000_000_000)
    made.failed(peer, 1_000_000_000, "away")
    assert made.due(1_000_000_001) == []
    assert made.due(1_000_000_000 - 500) == []
    assert made.due(1_000_000_000 + jump) == [peer]


def test_failures_put_off_and_success_forgets() -> None:
    made, peer = book()
    made.due(0)
    made.failed(peer, 10, "no")
    made.due(made.next_due() or 0)
    made.failed(peer, 5000, "no again")
    assert (peer.failure, peer.error, peer.state) == (2, "no again", None)
    assert made.next_due() == 5000 + 8000
    made.due(13_000)
    assert made.connected(A, "7", 13_005, dialled=True) is peer
    assert (peer.failure, peer.error, peer.state, peer.client) == (0, None, "connected", True)
    made.failed(peer, 13_006, "a second dial that came late")
    assert peer.failure == 0
    made.disconnected(A, "7", 14_005)
    assert state(peer) is None
    assert peer.duration.json()["mean"] == 1000
    assert made.next_due() == 14_005 + 2000


def test_the_last_connection_decides() -> None:
    made, peer = book()
    made.connected(A, "1", 10, dialled=True)
    made.connected(A, "2", 20, dialled=False)
    assert peer.state_change == 10
    made.disconnected(A, "1", 30)
    assert state(peer) == "connected"
    made.disconnected(A, "nope", 30)
    made.disconnected(B, "2", 30)
    assert state(peer) == "connected"
    made.disconnected(A, "2", 40)
    assert state(peer) is None


def test_who_is_not_in_the_book_is_no_peer() -> None:
    made, _ = book()
    assert made.connected(B, "1", 10, dialled=False) is None
    assert made.connected(OWN, "1", 10, dialled=False) is None
    assert made.add(OWN, "net:o:1~shs:O", "o", 1, "manual") is None
    assert made.get(B) is None


def test_disconnecting_leaves_it_alone_until_it_is_wanted() -> None:
    made, peer = book()
    made.connected(A, "1", 10, dialled=True)
    made.disconnecting(peer, 20)
    assert state(peer) == "disconnecting"
    made.disconnected(A, "1", 30)
    assert made.next_due() is None
    made.disconnecting(peer, 40)
    assert state(peer) is None
    made.dialling(peer, 50)
    assert (peer.state, peer.wanted) == ("connecting", True)


def test_the_loss_of_the_network_ends_every_connection() -> None:
    made, peer = book()
    made.connected(A, "1", 10, dialled=True)
    made.connected(A, "2", 10, dialled=True)
    made.lost(lambda name: name == "1", 15)
    assert peer.state == "connected"
    made.lost(lambda _: True, 20)
    assert state(peer) is None
    assert not peer.connections


def test_an_announced_peer_moves_to_its_new_address() -> None:
    made, peer = book()
    assert made.add(A, "net:b:2~shs:A", "b", 2, "manual") is peer
    assert (peer.announcers, peer.address, peer.source) == (2, "net:b:2~shs:A", "seed")
    assert len(made) == 1


def test_the_book_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MAX_PEERS", 1)
    made, _ = book()
    assert made.add(B, "net:b:2~shs:B", "b", 2, "manual") is None


def test_json_has_the_shape_of_ssb_gossip() -> None:
    made, peer = book()
    assert peer.json() == {
        "host": "a",
        "port": 1,
        "key": A,
        "address": "net:a:1~shs:A",
        "source": "seed",
        "announcers": 1,
        "duration": None,
        "failure": 0,
    }
    made.connected(A, "1", 10, dialled=True)
    peer.ping = Ping()
    made.disconnected(A, "1", 15)
    shown = peer.json()
    assert shown["duration"] == {"mean": 5, "stdev": 0, "count": 1, "sum": 5, "sqsum": 25}
    assert shown["client"] is True
    assert shown["stateChange"] == 15
    assert "state" not in shown
    assert set(shown["ping"]) == {"rtt", "skew"}  # type: ignore[call-overload]
