"""Who counts as what, and how long a failure puts off."""

import pytest

from services.peers.model.entry import Data, entry_of
from services.peers.model.groups import back_off, group_of, is_dead, patience_ms

KEY = "@vzRNnCthw0bxra7ivAJDWTe37EXrUIQHVUWnTacN12s=.ed25519"
ADDRESS = "net:a.example:1~shs:vzRNnCthw0bxra7ivAJDWTe37EXrUIQHVUWnTacN12s="
REACHED = {"duration": {"mean": 5}}
MINUTE, HOUR = 60_000, 3_600_000


@pytest.mark.parametrize(
    ("data", "hops", "group"),
    [
        ({"type": "room"}, 1, "rooms"),
        ({"type": "lan"}, 1, "lan"),
        ({"source": "local"}, None, "lan"),
        ({"source": "seed"}, 1, "seeds"),
        ({"type": "pub"}, 1, "friends"),
        ({"type": "pub"}, 2, "strangers"),
        ({}, None, "strangers"),
        ({"type": 5}, -1, "strangers"),
    ],
)
def test_groups(data: Data, hops: int | None, group: str) -> None:
    assert group_of(entry_of(ADDRESS, data), hops) == group


def test_failures_double_the_wait_up_to_a_limit_with_some_chance() -> None:
    def waits(data: Data, failures: int, chance: float = 0) -> int:
        entry = entry_of(ADDRESS, {**data, "failure": failures})
        return back_off(entry, group_of(entry, None), chance)

    assert [waits({}, n) for n in range(4)] == [2000, 4000, 8000, 16_000]
    assert waits({}, 0, 1) == 1500
    assert waits({"source": "seed"}, 99) == 10 * MINUTE
    assert waits({}, 99) == 3 * HOUR
    assert waits(REACHED, 99) == 10 * MINUTE
    assert [waits({"type": "pub"}, n) for n in (0, 1, 99)] == [MINUTE, 2 * MINUTE, 24 * HOUR]
    assert [waits({"type": "pub", **REACHED}, n) for n in (0, 99)] == [2000, 3 * HOUR]


def test_a_connection_that_ended_early_counts_as_a_failure() -> None:
    entry = entry_of(ADDRESS, {})
    entry.flaps = 2
    assert back_off(entry, "friends", 0) == 8000


@pytest.mark.parametrize(
    ("data", "group", "dead"),
    [
        ({"failure": 10, "failingSince": 0}, "strangers", True),
        ({"failure": 10, "failingSince": 0}, "friends", True),
        ({"failure": 10, "failingSince": 0}, "seeds", False),
        ({"failure": 9, "failingSince": 0}, "strangers", False),
        ({"failure": 10, "failingSince": 1}, "strangers", False),
        ({"failure": 10, "failingSince": "x"}, "strangers", False),
        ({"failure": 10}, "strangers", False),
    ],
)
def test_who_fails_often_and_for_long_is_dead(data: Data, group: str, dead: bool) -> None:
    assert is_dead(entry_of(ADDRESS, data), group, 1000, 1000) is dead  # type: ignore[arg-type]


def test_patience_is_that_of_ssb_conn() -> None:
    kinds: tuple[Data, ...] = ({}, {"type": "lan"}, {"type": "room"})
    assert [patience_ms(entry_of(ADDRESS, data)) for data in kinds] == [10_000, 30_000, 30_000]
