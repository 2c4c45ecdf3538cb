"""The scheduler over virtual days, among peers that come, go, throw us out and never were.

Every world is made of a seed; a failing one prints it, and SCHEDULER_SEEDS=that runs it again.
"""

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from common.refs import FeedId, feed_id
from services.peers.model.groups import GROUPS, Group, Wishes
from services.peers.model.pools import Pools
from services.peers.model.scheduler import Close, CloseAll, Dial, Scheduler

SEEDS = [int(seed) for seed in os.environ.get("SCHEDULER_SEEDS", "1,2").split(",")]
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
START = 1_700_000_000_000
QUOTAS: dict[Group, int] = {"rooms": 5, "friends": 3, "seeds": 3, "lan": 3, "strangers": 4}


@dataclass
class Remote:
    """A peer of the virtual world. `up` is the part of time it can be reached."""

    key: FeedId
    address: str
    up: float
    stays_ms: float = HOUR
    met_at: int | None = None
    dials: list[int] = field(default_factory=list)


class World:
    """A scheduler, and everybody it knows."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.pools = Pools(feed_id(bytes(32)), self.chance.random)
        wishes = Wishes(QUOTAS, 30 * MINUTE, 14 * DAY)
        self.scheduler = Scheduler(self.pools, wishes, self.chance.random)
        self.scheduler.knows_graph = True
        self.scheduler.start()
        self.now = START
        self.remotes: dict[str, Remote] = {}
        self.answers: list[tuple[int, Remote]] = []
        self.ends: list[tuple[int, Remote]] = []
        self.asleep: set[str] = set()

    def add(self, count: int, up: float, hops: int | None = None, **data: Any) -> list[Remote]:
        made = []
        for _ in range(count):
            raw = self.chance.randbytes(32)
            key = feed_id(raw)
            remote = Remote(key, f"net:h{len(self.remotes)}.example:1~shs:{key[1:45]}", up)
            self.remotes[remote.address] = remote
            self.pools.remember(remote.address, data, self.now)
            if hops is not None:
                self.pools.hops[key] = hops
            made.append(remote)
        return made

    def run(self, days: float, step: int = 10 * SECOND) -> None:
        end = self.now + days * DAY
        while self.now < end:
            self.now += step
            self._weather()
            self._answer()
            for command in self.scheduler.tick(self.now):
                if isinstance(command, Dial):
                    self._dialled(self.remotes[command.address])
                elif isinstance(command, Close):
                    self._ended(self.remotes[command.address])
                else:
                    assert isinstance(command, CloseAll)
            for group in GROUPS:
                assert len(self.scheduler.places(group)) <= QUOTAS[group]

    def _dialled(self, remote: Remote) -> None:
        assert self.pools.hops.get(remote.key) != -1
        assert remote not in [other for _, other in self.ends], "it is connected already"
        remote.dials.append(self.now)
        self.answers.append((self.now + 10 * SECOND, remote))

    def _answer(self) -> None:
        for at, remote in [one for one in self.answers if one[0] <= self.now]:
            self.answers.remove((at, remote))
            contact = self.pools.hub.get(remote.address)
            assert contact is not None
            if remote.address in self.asleep or not remote.up:
                self.pools.failed(contact, self.now, "away")
                continue
            remote.met_at = remote.met_at or self.now
            self.pools.connected(remote.key, remote.address, remote.address, self.now, dialled=True)
            stays = self.chance.expovariate(1 / remote.stays_ms)
            self.ends.append((self.now + int(stays), remote))
        for _, remote in [one for one in self.ends if one[0] <= self.now]:
            self._ended(remote)

    def _ended(self, remote: Remote) -> None:
        self.ends = [one for one in self.ends if one[1] is not remote]
        self.pools.disconnected(remote.address, self.now)

    def _weather(self) -> None:
        """Everybody falls asleep and wakes up again, some hours at a time."""
        if self.now // HOUR == (self.now - MINUTE) // HOUR:
            return
        self.asleep = {
            address for address, r in self.remotes.items() if self.chance.random() > r.up
        }


def most_in_an_hour(dials: list[int]) -> int:
    return max(Counter((at - START) // HOUR for at in dials).values(), default=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_that_can_be_reached_are_met_and_the_dead_cost_little(seed: int) -> None:
    world = World(seed)
    reachable = [
        *world.add(25, 1.0, type="pub"),
        *world.add(15, 0.6, type="pub"),
        *world.add(6, 0.8, source="manual"),
        *world.add(8, 0.9, hops=1, source="manual"),
        *world.add(2, 1.0, source="seed"),
        *world.add(7, 1.0, type="room"),
    ]
    rude = world.add(5, 1.0, type="pub")
    for remote in rude:
        remote.stays_ms = 2 * SECOND
    blocked = world.add(5, 1.0, hops=-1, source="manual")
    dead = world.add(60, 0.0, type="pub")
    dead_friends = world.add(4, 0.0, hops=1, source="manual")
    world.run(1.6, 30 * SECOND)
    print(f"seed {seed}")
    assert [r.address for r in (*reachable, *rude) if r.met_at is None] == []
    assert [r.dials for r in blocked] == [[]] * 5
    last_day = START + DAY
    late = [[at for at in r.dials if at > last_day] for r in dead]
    assert most_in_an_hour([at for dials in late for at in dials]) <= 60
    assert max(map(len, late)) <= 8
    assert max(most_in_an_hour([a for a in r.dials if a > last_day]) for r in dead_friends) <= 1
    assert max(most_in_an_hour([a for a in r.dials if a > last_day]) for r in rude) <= 60


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_all_are_met_again_and_again(seed: int) -> None:
    """Nobody is met once and then never, however many wait."""
    world = World(seed)
    remotes = [*world.add(40, 1.0, source="manual"), *world.add(100, 1.0, hops=1)]
    for remote in remotes:
        remote.stays_ms = 100 * DAY
    world.run(1.0, 30 * SECOND)
    assert min(len(remote.dials) for remote in remotes) >= 3
    for remote in remotes:
        gaps = [b - a for a, b in zip(remote.dials, remote.dials[1:], strict=False)]
        assert max(gaps) < 8 * HOUR


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_the_dead_are_no_longer_tried_and_the_announced_forgotten(seed: int) -> None:
    world = World(seed)
    announced = world.add(30, 0.0, type="pub")
    asked = world.add(3, 0.0, source="manual")
    friends = world.add(3, 0.0, hops=1, type="pub")
    seeds = world.add(1, 0.0, source="seed")
    world.run(17.0, 60 * SECOND)
    day = world.now - DAY
    assert [r.address for r in announced if r.address in world.pools.book] == []
    assert max(len(remote.dials) for remote in announced) <= 40
    for remote in (*announced, *asked, *friends):
        assert [at for at in remote.dials if at > day] == []
    for remote in (*asked, *friends):
        entry = world.pools.book.get(remote.address)
        assert entry is not None
        assert entry.is_defunct
    assert [at for at in seeds[0].dials if at > day]
