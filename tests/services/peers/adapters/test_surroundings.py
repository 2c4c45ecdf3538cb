"""Sleep, clocks and addresses of this machine, as the scheduler hears of them."""

import pytest

from common.refs import feed_id
from services.peers.adapters.surroundings import Surroundings
from services.peers.model.groups import Wishes
from services.peers.model.pools import Pools
from services.peers.model.scheduler import CloseAll, CloseStranded, Command, Scheduler

LOOPBACK = "127.0.0.1"


class World:
    def __init__(self, *addresses: str) -> None:
        self.wall, self.awake = 1_700_000_000_000, 5.0
        self.addresses = [LOOPBACK, *addresses]
        self.done: list[Command] = []
        wishes = Wishes({}, 0, 0)
        self.scheduler = Scheduler(Pools(feed_id(bytes(32)), lambda: 0.0), wishes, lambda: 0.0)
        self.around = Surroundings(
            self.scheduler,
            self.done.extend,
            lambda: self.wall,
            awake=lambda: self.awake,
            addresses=lambda: self.addresses,
        )

    def after(self, wall_ms: int, awake_s: float) -> list[Command]:
        self.wall += wall_ms
        self.awake += awake_s
        self.done.clear()
        self.around.look()
        return list(self.done)


def went(*networks: str) -> CloseStranded:
    return CloseStranded(frozenset(networks), "the network changed")


def test_sleep_ends_every_connection() -> None:
    world = World("10.0.0.1")
    assert world.after(2000, 2) == []
    assert world.after(3_600_000, 2) == [CloseAll("woke up")]
    assert world.after(2000, 2) == []


@pytest.mark.parametrize(("wall_ms", "awake_s"), [(-3_600_000, 2), (60_000, 60), (10_000, 2)])
def test_a_clock_set_back_or_a_busy_machine_is_no_sleep(wall_ms: int, awake_s: float) -> None:
    assert World("10.0.0.1").after(wall_ms, awake_s) == []


def test_an_address_that_went_ends_what_stood_on_it_and_one_that_came_does_not() -> None:
    world = World("10.0.0.1")
    assert world.scheduler.has_network
    world.addresses.append("192.168.1.5")
    assert world.after(2000, 2) == []
    world.addresses = [LOOPBACK, "192.168.1.5"]
    assert world.after(2000, 2) == [went("10.0.0.1")]
    world.addresses = [LOOPBACK]
    world.after(2000, 2)
    assert not world.scheduler.has_network


def test_hosts_within_one_network_of_ipv6_come_and_go() -> None:
    world = World("2001:db8::1")
    world.addresses = [LOOPBACK, "2001:db8::abcd"]
    assert world.after(2000, 2) == []
    world.addresses = [LOOPBACK, "2001:db8:1::1"]
    assert world.after(2000, 2) == [went("2001:db8::/64")]


def test_this_machine_alone_is_no_network() -> None:
    assert not World().scheduler.has_network
