"""What messages announce, and how much of it is believed."""

import pytest

from common.refs import FeedId, feed_id
from services.peers.model import announced
from services.peers.model.announced import Announcements
from services.peers.model.pools import Pools

OWN = feed_id(bytes(32))


def key(n: int) -> FeedId:
    return feed_id(bytes([1, n]) + bytes(30))


def content(n: int, host: str = "a.example", port: int = 8008) -> dict[str, object]:
    return {"type": "pub", "address": {"host": host, "port": port, "key": key(n)}}


def world() -> tuple[Pools, Announcements]:
    pools = Pools(OWN, lambda: 0.0)
    return pools, Announcements(pools)


def test_an_announced_address_is_kept_once_and_counted() -> None:
    pools, announcements = world()
    announcements.take("@a", content(1), 5)
    announcements.take("@b", {"address": f"net:a.example:8008~shs:{key(1)[1:45]}"}, 6)
    [entry] = pools.book
    assert entry.data == {
        "birth": 5,
        "key": key(1),
        "host": "a.example",
        "port": 8008,
        "announcers": 2,
        "source": "pub",
        "type": "pub",
        "announcedBy": "@a",
    }


@pytest.mark.parametrize(
    "odd",
    [None, 5, "x", {}, {"address": None}, {"address": {}}, {"address": {"host": "a", "key": 1}}],
)
def test_what_announces_nothing_is_passed_over(odd: object) -> None:
    pools, announcements = world()
    announcements.take("@a", odd, 5)
    own = {"host": "a.example", "port": 1, "key": OWN}
    announcements.take("@a", {"address": own}, 5)
    assert len(pools.book) == 0


def test_who_was_given_up_is_tried_again_when_announced_again() -> None:
    pools, announcements = world()
    announcements.take("@a", content(1), 5)
    [entry] = pools.book
    pools.book.update(entry.address, {"defunct": True, "announcers": "x"})
    announcements.take("@a", content(1), 6)
    assert not entry.is_defunct
    assert entry.data["announcers"] == 1
    pools.book.update(entry.address, {"source": "manual", "type": None, "defunct": True})
    announcements.take("@a", content(1), 7)
    assert entry.is_defunct


def test_one_host_one_feed_and_one_key_are_believed_so_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announced, "MAX_OF_AUTHOR", 10)
    pools, announcements = world()
    for n in range(20):
        announcements.take(f"@{n}", content(n), 0)
    assert len(pools.book) == 8
    for n in range(20):
        announcements.take("@x", content(n + 30, f"h{n}.example"), 0)
    assert len(pools.book) == 18
    for n in range(20):
        announcements.take(f"@y{n}", content(60, f"i{n}.example"), 0)
    assert len(pools.book.of_key(key(60))) == 8
    assert announcements.passed_over == {
        "too many at one host": 12,
        "too many by one feed": 10,
        "too many for one key": 12,
    }
    first = pools.book.of_key(key(60))[0]
    pools.book.update(first.address, {"failure": 1})
    announcements.take("@z", content(60, "new.example"), 0)
    assert first.address not in pools.book
    assert len(pools.book.of_key(key(60))) == 8


def test_what_is_forgotten_makes_room_and_what_was_kept_counts() -> None:
    pools, announcements = world()
    for n in range(8):
        announcements.take("@a", content(n), 0)
    again = Announcements(pools)
    again.take("@a", content(9), 0)
    assert len(pools.book) == 8
    pools.forget(next(iter(pools.book)).address)
    again.take("@a", content(9), 0)
    assert len(pools.book) == 8


def test_blocked_ones_and_a_full_book_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    pools, announcements = world()
    pools.hops[key(1)] = -1
    announcements.take("@a", content(1), 0)
    monkeypatch.setattr("services.peers.model.book.MAX_ENTRIES", 0)
    announcements.take("@a", content(2), 0)
    assert announcements.passed_over == {"our feed blocks it": 1, "the address book is full": 1}
