"""What each event does to book, staging and hub."""

from common.refs import feed_id
from services.peers.model.hub import Contact
from services.peers.model.legacy import peer, peers, summary
from services.peers.model.pools import Change, Pools
from services.peers.ping import Ping

OWN, A, B = (feed_id(bytes([n]) * 32) for n in range(3))
AT_A, AT_B, OTHER_A = (
    f"net:{host}:1~shs:{key[1:45]}"
    for host, key in (("a.example", A), ("192.168.1.2", B), ("10.0.0.1", A))
)


def pools() -> tuple[Pools, list[str]]:
    made = Pools(OWN, lambda: 0.0)
    heard: list[str] = []

    def hear(change: Change) -> None:
        if change.kind != "other":
            heard.append(change.kind)

    made.listeners.append(hear)
    return made, heard


def known(made: Pools, address: str = AT_A) -> dict[str, object]:
    entry = made.book.get(address)
    assert entry is not None
    return entry.data


def up(made: Pools, address: str = AT_A, key: str = A, now: int = 10) -> Contact:
    contact = made.connecting(address, {}, now)
    assert made.connected(feed_id(bytes([1]) * 32), "1", address, now, dialled=True) is contact
    assert contact.key == key
    return contact


def test_a_dial_that_fails_is_counted_and_puts_off() -> None:
    made, heard = pools()
    entry = made.remember(AT_A, {"source": "manual"}, 1)
    made.failed(made.connecting(AT_A, {}, 10), 20, "no")
    made.failed(made.connecting(AT_A, {}, 30), 40, "no again")
    data = known(made)
    assert (data["failure"], data["stateChange"], data["failingSince"]) == (2, 40, 20)
    assert data["duration"] == {"mean": 0, "stdev": 0, "count": 2, "sum": 0, "sqsum": 0}
    assert (entry.next_dial, entry.error) == (40 + 8000, "no again")
    assert heard == ["discover", "connect-failure", "connect-failure"]


def test_a_connection_forgets_failures_and_its_length_is_measured() -> None:
    made, heard = pools()
    entry = made.remember(AT_A, {"failure": 3, "failingSince": 1, "defunct": True}, 1)
    up(made)
    assert (known(made)["failure"], "failingSince" in known(made)) == (0, False)
    assert made.disconnected("nope", 15) is None
    made.disconnected("1", 20_010)
    assert known(made)["duration"]["mean"] == 20_000  # type: ignore[index]
    assert (entry.flaps, entry.next_dial) == (0, 20_010 + 2000)
    assert len(made.hub) == 0
    assert heard == ["discover", "connect", "disconnect"]


def test_who_throws_us_out_at_once_is_left_alone_ever_longer() -> None:
    made, _ = pools()
    entry = made.remember(AT_A, {}, 1)
    for n, wait in enumerate((4000, 8000, 16_000)):
        up(made, now=n * 100)
        made.disconnected("1", n * 100 + 50)
        assert entry.wait == wait
    up(made, now=1000)
    made.disconnected("1", 60_000)
    assert entry.wait == 2000


def test_the_last_connection_decides() -> None:
    made, _ = pools()
    contact = up(made)
    made.connected(A, "2", AT_A, 20, dialled=False)
    assert contact.since == 10
    assert made.disconnected("1", 30) is None
    assert made.disconnected("2", 40) is contact


def test_who_dials_us_is_in_contact_and_not_kept() -> None:
    made, _ = pools()
    contact = made.connected(B, "7", AT_B, 10, dialled=False)
    assert contact is not None
    shown = contact.shown()
    assert (shown["state"], shown["inferredType"], shown["key"]) == ("connected", "lan", B)
    assert len(made.book) == 0
    assert made.connected(OWN, "8", "unix:/socket", 10, dialled=False) is None
    made.disconnected("7", 20)
    assert len(made.hub) == 0


def test_who_dials_us_while_we_dial_is_one_contact() -> None:
    made, _ = pools()
    made.remember(AT_A, {}, 1)
    contact = made.connecting(AT_A, {}, 10)
    assert made.connected(A, "7", OTHER_A, 11, dialled=False) is contact
    assert (contact.state, contact.dialled) == ("connected", False)


def test_a_contact_leaves_staging_with_all_its_addresses() -> None:
    made, _ = pools()
    made.stage(AT_A, {"type": "lan", "key": A}, 1)
    made.stage(OTHER_A, {"type": "lan", "key": A}, 1)
    made.stage(AT_B, {"type": "lan"}, 1)
    contact = made.connecting(AT_A, {"note": "x"}, 2)
    assert (contact.data["type"], contact.data["note"]) == ("lan", "x")
    assert [entry.address for entry in made.staging] == [AT_B]
    assert made.stage(OTHER_A, {"key": A}, 3) is False
    assert made.unstage(AT_B)
    assert not made.unstage(AT_B)


def test_a_staged_address_keeps_its_failures_when_it_is_staged_again() -> None:
    made, _ = pools()
    made.stage(AT_B, {"type": "lan"}, 1)
    made.failed(made.connecting(AT_B, {}, 2), 3, "no")
    assert AT_B not in made.staging
    assert made.stage(AT_B, {"type": "lan"}, 4)
    assert not made.stage(AT_B, {"type": "lan"}, 5)
    entry = made.staging.get(AT_B)
    assert entry is not None
    assert (entry.failures, entry.next_dial, entry.error) == (1, 3 + 4000, "no")


def test_a_call_that_disconnects_leaves_alone_until_somebody_wants_it() -> None:
    made, _ = pools()
    entry = made.remember(AT_A, {}, 1)
    made.disconnecting(up(made), 20, left_alone=True)
    made.disconnected("1", 30)
    assert entry.left_alone
    made.remember(AT_A, {}, 40)
    assert not entry.left_alone


def test_a_dial_for_nothing_is_no_failure() -> None:
    made, _ = pools()
    entry = made.remember(AT_A, {}, 1)
    made.given_up(made.connecting(AT_A, {}, 10), 20)
    made.given_up(made.connecting(AT_B, {}, 10), 20)
    made.failed(made.connecting(AT_B, {}, 10), 20, "no")
    assert (entry.failures, entry.next_dial) == (0, 2020)
    assert len(made.hub) == 0


def test_what_was_given_up_counts_again_when_it_is_remembered() -> None:
    made, _ = pools()
    entry = made.remember(AT_A, {"defunct": True, "failure": 12, "failingSince": 1}, 1)
    made.remember(AT_A, {}, 2)
    assert (entry.is_defunct, entry.failures) == (False, 0)
    assert made.forget(AT_A)
    assert not made.forget(AT_A)


def test_peers_are_shown_as_ssb_gossip_did() -> None:
    made, _ = pools()
    made.remember(AT_A, {"key": A, "source": "seed", "announcers": 1}, 1)
    assert peers(made) == [
        {
            "host": "a.example",
            "port": 1,
            "key": A,
            "address": AT_A,
            "source": "seed",
            "announcers": 1,
            "duration": None,
        }
    ]
    assert peer(made, B) is None
    contact = up(made)
    made.pinged(contact, Ping())
    shown = peer(made, A)
    assert shown is not None
    assert (shown["state"], shown["client"], shown["stateChange"]) == ("connected", True, 10)
    assert set(shown["ping"]) == {"rtt", "skew"}
    [told] = summary(made).values()
    assert told["address"] == AT_A
    assert told["stats"]["rtt"]["count"] == 0


def test_a_contact_counts_as_dialled_while_a_connection_that_we_began_stands() -> None:
    made, _ = pools()
    made.connected(A, "1", OTHER_A, 10, dialled=False)
    contact = made.connected(A, "2", AT_A, 11, dialled=True)
    assert contact is not None
    assert contact.dialled
    made.disconnected("2", 12)
    assert not contact.dialled


def test_what_is_found_again_is_not_kept_over_a_start() -> None:
    made, _ = pools()
    made.remember(AT_A, {"type": "lan"}, 1)
    made.remember(AT_B, {"source": "local"}, 1)
    made.remember(OTHER_A, {"type": "pub"}, 1)
    made.clean()
    assert [entry.address for entry in made.book] == [OTHER_A]


def test_what_we_lost_ourselves_is_not_held_against_a_peer() -> None:
    made, _ = pools()
    entry = made.remember(AT_A, {}, 1)
    up(made)
    made.disconnected("1", 20, ours=True)
    assert entry.wait == 2000


def test_who_failed_before_a_start_waits_on_after_it() -> None:
    made, _ = pools()
    entry = made.remember(AT_A, {"failure": 3, "stateChange": 1000}, 1)
    other = made.remember(AT_B, {"failure": 0, "stateChange": 1000}, 1)
    ahead = made.remember(OTHER_A, {"failure": 1, "stateChange": 9_000_000}, 1)
    made.resume(5000)
    assert (entry.next_dial, other.next_dial) == (1000 + 16_000, 0)
    assert ahead.next_dial == 5000 + 4000
