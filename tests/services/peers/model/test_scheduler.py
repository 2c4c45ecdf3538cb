"""Whom the scheduler dials and drops, one decision at a time."""

from typing import Any

import pytest

from common.refs import feed_id
from services.peers.model.entry import Entry
from services.peers.model.groups import Group, Wishes
from services.peers.model.pools import Pools
from services.peers.model.scheduler import Close, CloseAll, CloseStranded, Command, Dial, Scheduler
from services.peers.model.why import why

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_700_000_000_000
KEYS = [feed_id(bytes([n]) * 32) for n in range(20)]
OWN = KEYS[0]
QUOTAS: dict[Group, int] = {"rooms": 5, "friends": 3, "seeds": 3, "lan": 3, "strangers": 2}


def at(n: int, host: str = "a.example") -> str:
    return f"net:{host}:{n}~shs:{KEYS[n][1:45]}"


class World:
    """A scheduler whose dials are answered by hand."""

    def __init__(self, **quotas: int) -> None:
        self.pools = Pools(OWN, lambda: 0.0)
        wishes = Wishes({**QUOTAS, **quotas}, 30 * MINUTE, 14 * DAY)  # type: ignore[dict-item]
        self.scheduler = Scheduler(self.pools, wishes, lambda: 0.0)
        self.scheduler.knows_graph = True
        self.scheduler.start()
        self.now = NOW

    def know(self, n: int, **data: Any) -> Entry:
        return self.pools.remember(at(n), data, self.now)

    def dialled(self, after: int = 0) -> list[int]:
        """Who is dialled now, by number."""
        return [number(c) for c in self.tick(after) if isinstance(c, Dial)]

    def tick(self, after: int = 0) -> list[Command]:
        self.now += after
        return self.scheduler.tick(self.now)

    def joins(self, *numbers: int) -> None:
        for n in numbers:
            contact = self.pools.connected(KEYS[n], str(n), at(n), self.now, dialled=True)
            assert contact is not None

    def leaves(self, *numbers: int) -> None:
        for n in numbers:
            self.pools.disconnected(str(n), self.now)

    def fails(self, *numbers: int) -> None:
        for n in numbers:
            contact = self.pools.hub.with_key(KEYS[n])
            assert contact is not None
            self.pools.failed(contact, self.now, "no")

    def why(self, n: int) -> str:
        entry = self.pools.entry(at(n))
        assert entry is not None
        return why(entry, self.scheduler, self.now)


def number(command: Dial) -> int:
    return int(command.address.split(":")[2].split("~")[0])


def test_quotas_are_kept_in_each_group() -> None:
    world = World()
    for n in range(1, 6):
        world.know(n, source="manual")
        world.know(n + 5, source="seed")
        world.know(n + 10, type="room")
    world.pools.hops = {KEYS[1]: 1}
    assert sorted(world.dialled()) == [1, 2, 3, 6, 7, 8, 11, 12, 13, 14, 15]
    assert world.dialled(5000) == []
    assert world.why(1) == "being dialled"
    assert world.why(4) == "waits for a place: 2 of 2 for strangers are taken"
    world.joins(1, 2)
    assert world.why(2) == "connected: dialled as one of strangers"
    world.fails(3)
    assert world.dialled() == [4]
    assert world.why(3) == "dialled again in 4 s: failed 1 times, the last time: no"


def test_nobody_is_dialled_before_the_graph_is_known_or_when_stopped() -> None:
    world = World()
    world.know(1)
    world.scheduler.knows_graph = False
    assert world.dialled() == []
    assert world.why(1) == "it is not known yet whom our feed blocks"
    world.scheduler.knows_graph = True
    assert world.scheduler.stop() == [CloseAll("stopped")]
    assert world.dialled() == []
    assert world.why(1) == "the scheduler is stopped"
    world.scheduler.start()
    assert world.why(1) == "about to be dialled"
    assert world.dialled() == [1]


def test_who_is_connected_is_not_dialled_whoever_began() -> None:
    world = World()
    world.know(1)
    world.pools.remember(at(1, "b.example"), {}, world.now)
    world.pools.connected(KEYS[1], "x", "net:c.example:9", world.now, dialled=False)
    assert world.dialled() == []
    assert world.why(1) == "connected by net:c.example:9: it dialled us"
    assert world.scheduler.places("strangers") == []


def test_of_two_addresses_the_one_tried_longest_ago_is_dialled() -> None:
    world = World(strangers=1)
    world.know(1)
    other = at(1, "b.example")
    world.pools.remember(other, {}, world.now)
    [first] = world.tick()
    assert isinstance(first, Dial)
    world.fails(1)
    [second] = world.tick(10)
    assert isinstance(second, Dial)
    assert {first.address, second.address} == {at(1), other}


@pytest.mark.parametrize(
    ("data", "hops", "reason"),
    [
        ({}, -1, "our feed blocks it"),
        ({"autoconnect": False}, 1, "autoconnect is off for it"),
        ({"defunct": True, "failure": 12}, None, "given up: failed 12 times"),
        ({"type": "lan"}, 1, "the settings leave no place for lan"),
    ],
)
def test_who_is_not_dialled_and_why(data: dict[str, Any], hops: int | None, reason: str) -> None:
    world = World(lan=0)
    if hops is not None:
        world.pools.hops[KEYS[1]] = hops
    world.pools.book.set(at(1), data, world.now)
    assert world.dialled() == []
    assert world.why(1) == reason


def test_addresses_that_lead_nowhere_are_not_dialled() -> None:
    world = World()
    for address, data in (
        ("net:a.example:1", {}),
        (at(0), {}),
        (at(1, "127.0.0.1"), {"type": "pub"}),
    ):
        world.pools.book.set(address, data, world.now)
    assert world.dialled() == []
    assert [why(e, world.scheduler, world.now) for e in world.pools.book] == [
        "the address names no key",
        "it is our own key",
        "it was announced under an address of this machine",
    ]


def test_without_a_network_only_this_machine_is_dialled() -> None:
    world = World()
    world.know(1)
    world.pools.remember(at(2, "127.0.0.1"), {}, world.now)
    world.scheduler.network_changed(world.now, has_network=False, lost=frozenset(["10.0.0.1"]))
    assert world.dialled() == [2]
    assert world.why(1) == "this machine has no network"
    world.scheduler.network_changed(world.now, has_network=True, lost=frozenset())
    assert world.dialled() == [1]


def test_strangers_of_the_local_network_wait_for_a_call_and_friends_do_not() -> None:
    world = World()
    for n in (1, 2, 3):
        world.pools.stage(at(n), {"type": "lan", "key": KEYS[n]}, world.now)
    world.pools.hops = {KEYS[1]: 1, KEYS[2]: 2}
    assert world.dialled() == [1, 2]
    assert world.why(3) == "nobody we know: it waits in staging for a call"
    world.pools.hops[KEYS[3]] = -1
    world.tick(11_000)
    assert len(world.pools.staging) == 0


def test_who_is_not_heard_any_more_leaves_staging() -> None:
    world = World()
    world.pools.stage(at(1), {"type": "lan"}, world.now)
    world.pools.stage(at(2), {"type": "internet"}, world.now)
    world.tick(11_000)
    assert [entry.address for entry in world.pools.staging] == [at(2)]


def test_who_shall_not_be_dialled_by_itself_is_staged() -> None:
    world = World()
    world.know(1, autoconnect=False)
    assert world.dialled() == []
    assert [entry.address for entry in world.pools.staging] == [at(1)]


def test_the_oldest_makes_room_when_others_wait() -> None:
    world = World()
    for n in (1, 2, 3):
        world.know(n)
    assert world.dialled() == [1, 2]
    world.joins(1)
    world.now += MINUTE
    world.joins(2)
    assert world.tick(28 * MINUTE) == []
    assert world.tick(2 * MINUTE) == [Close(at(1), "others wait")]
    assert world.why(1) == "being disconnected"
    assert world.tick(1000) == []
    world.leaves(1)
    assert world.dialled() == [3]
    world.joins(3)
    assert world.tick(MINUTE) == []
    assert world.tick(15 * MINUTE) == [Close(at(2), "others wait")]


def test_nobody_makes_room_when_nobody_waits() -> None:
    world = World()
    for n in (1, 2):
        world.know(n)
    world.dialled()
    world.joins(1, 2)
    assert world.tick(DAY) == []


def test_announced_peers_that_failed_are_tried_one_a_minute() -> None:
    world = World(strangers=10)
    for n in range(1, 6):
        world.know(n, type="pub")
    assert len(world.dialled()) == 5
    world.fails(1, 2, 3, 4, 5)
    assert len(world.dialled(3 * MINUTE)) == 1
    assert world.dialled(30_000) == []
    assert len(world.dialled(30_000)) == 1


def test_dead_peers_are_given_up_and_announced_ones_forgotten() -> None:
    world = World()
    old = {"failure": 10, "failingSince": NOW - 14 * DAY}
    for n, data in ((1, {"type": "pub"}), (2, {"source": "manual"}), (3, {"source": "seed"})):
        world.pools.book.set(at(n), {**data, **old}, world.now)
    world.pools.book.set(at(4), {"type": "pub", **old}, world.now)
    world.pools.hops = {KEYS[4]: 1}
    assert world.dialled() == [3]
    assert at(1) not in world.pools.book
    assert world.why(2) == "given up: failed 10 times"
    assert world.why(4) == "given up: failed 10 times"


def test_after_sleep_and_change_all_is_tried_again_soon() -> None:
    world = World()
    world.know(1)
    world.dialled()
    for _ in range(8):
        world.fails(1)
        world.pools.connecting(at(1), {}, world.now)
    world.fails(1)
    assert world.dialled(1000) == []
    assert world.scheduler.woke(world.now) == [CloseAll("woke up")]
    assert world.dialled(1000) == [1]
    world.fails(1)
    lost = frozenset(["10.0.0.1"])
    changed = world.scheduler.network_changed(world.now, has_network=True, lost=lost)
    assert changed == [CloseStranded(lost, "the network changed")]


@pytest.mark.parametrize("jump", [-DAY, -10_000, DAY])
def test_a_clock_that_jumps_keeps_nobody_waiting(jump: int) -> None:
    world = World()
    world.know(1)
    world.dialled()
    world.fails(1)
    assert world.dialled(1) == []
    assert world.dialled(-500) == []
    assert world.dialled(jump) == [1]


def test_the_next_look_is_when_somebody_is_due_or_in_two_seconds() -> None:
    world = World()
    entry = world.know(1)
    assert world.scheduler.next_due(world.now) == world.now + 2000
    entry.next_dial = world.now + 500
    assert world.scheduler.next_due(world.now) == world.now + 500
