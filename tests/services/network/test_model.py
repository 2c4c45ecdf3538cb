"""Connections by name, places for handshakes, and whom our feed blocks."""

import pytest

from common.refs import FeedId, feed_id
from services.network.model import Admission, Blocks, Connection, Connections, household, is_local
from services.network.permission import ANONYMOUS, MASTER

OWN, FOE, OTHER = (feed_id(bytes([n]) * 32) for n in range(3))


def connection(name: str, feed: FeedId, *, dialled: bool, transport: str = "net") -> Connection:
    return Connection(name, feed, f"net:x:{name}", dialled, ANONYMOUS, transport, 7)


def test_connections_are_found_by_name_and_by_peer() -> None:
    table = Connections()
    names = [table.next_name() for _ in range(3)]
    assert len(set(names)) == 3
    theirs = connection(names[0], FOE, dialled=False)
    ours = connection(names[1], FOE, dialled=True)
    local = connection(names[2], OWN, dialled=False, transport="unix")
    for each in (theirs, ours, local):
        table.add(each)
    assert len(table) == 3
    assert table.get(names[1]) is ours
    assert table.with_peer(FOE) is ours
    assert table.with_peer(OWN) is None
    assert table.remove(names[1]) is ours
    assert table.remove(names[1]) is None
    assert table.with_peer(FOE) is theirs
    assert list(table) == [theirs, local]


def test_change_has_the_shape_of_the_bus() -> None:
    assert connection("4", FOE, dialled=True).change("disconnected", 9) == {
        "type": "disconnected",
        "connection": "4",
        "feed": FOE,
        "address": "net:x:4",
        "client": True,
        "role": ANONYMOUS,
        "transport": "net",
        "at": 9,
        "here": "",
    }


def test_admission_bounds_handshakes_in_all_and_from_one_address() -> None:
    admission = Admission(5, 9, 3, 2)
    assert admission.arrive("a", 0) is None
    assert admission.arrive("a", 0) is None
    assert admission.arrive("a", 0) == "too many handshakes from one address"
    assert admission.arrive("b", 3) == "too many connections"
    assert admission.arrive("b", 0) is None
    assert admission.arrive("c", 0) == "too many handshakes"
    assert admission.under_way == 3
    for host in "aab":
        admission.settle(host)
    assert admission.under_way == 0
    assert admission.arrive("c", 4) is None


def test_admission_bounds_sockets_of_one_address_until_they_are_closed() -> None:
    admission = Admission(99, 2, 99, 99)
    for host in ("2001:db8::1", "2001:db8::2"):
        assert admission.arrive(host, 0) is None
        admission.settle(host)
    assert admission.arrive("2001:db8::3", 2) == "too many connections from one address"
    assert admission.arrive("2001:db8:0:1::3", 2) is None
    assert admission.addresses == 2
    admission.depart("2001:db8::1")
    assert admission.arrive("2001:db8::3", 1) is None


@pytest.mark.parametrize(
    ("host", "counts_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("somewhere", "somewhere"),
    ],
)
def test_household(host: str, counts_as: str) -> None:
    assert household(host) == counts_as


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::2", False),
        ("::ffff:192.0.2.1", False),
        ("192.168.1.2", False),
        ("0.0.0.0", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_the_own_machine_is_known_by_its_address(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_connections_are_counted_by_key() -> None:
    table = Connections()
    for name in "12":
        table.add(connection(name, FOE, dialled=False))
    assert table.count(FOE) == 2
    table.remove("1")
    table.remove("1")
    assert table.count(FOE) == 1
    table.remove("2")
    assert (table.count(FOE), table.count(OTHER)) == (0, 0)


def edge(dest: object, value: int, source: FeedId = OWN) -> dict[str, object]:
    return {"source": source, "dest": dest, "value": value}


def test_strangers_wait_until_the_past_is_told() -> None:
    blocks = Blocks(OWN)
    assert not blocks.is_familiar(OTHER, "net")
    assert blocks.is_familiar(OWN, "net")
    assert blocks.is_familiar(OTHER, "unix")
    blocks.learn(edge(FOE, -1))
    blocks.learn({"sync": True})
    assert blocks.is_familiar(OTHER, "net")
    assert blocks.role(FOE, "net", dialled=False) is None
    assert blocks.role(OTHER, "net", dialled=False) == ANONYMOUS
    assert blocks.role(OWN, "net", dialled=False) == MASTER


def test_blocks_come_and_go_live_and_only_ours_count() -> None:
    blocks = Blocks(OWN)
    blocks.learn({"sync": True})
    assert blocks.learn(edge(FOE, -1)) == FOE
    assert blocks.learn(edge(OTHER, -1, source=FOE)) is None
    assert blocks.learn(edge(None, -1)) is None
    assert blocks.role(FOE, "net", dialled=True) is None
    assert blocks.role(OTHER, "net", dialled=False) == ANONYMOUS
    assert blocks.learn(edge(FOE, -2)) is None
    assert blocks.role(FOE, "net", dialled=False) == ANONYMOUS


def test_a_new_telling_replaces_the_old_at_its_sync_and_not_before() -> None:
    blocks = Blocks(OWN)
    blocks.learn(edge(FOE, -1))
    blocks.learn({"sync": True})
    blocks.restart()
    assert blocks.learn(edge(OTHER, -1)) == OTHER
    assert blocks.role(FOE, "net", dialled=False) is None
    assert blocks.role(OTHER, "net", dialled=False) is None
    blocks.learn({"sync": True})
    assert blocks.role(FOE, "net", dialled=False) == ANONYMOUS
    assert blocks.role(OTHER, "net", dialled=False) is None
