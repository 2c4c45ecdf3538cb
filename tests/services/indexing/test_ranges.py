"""Positions by the time received, with holes where messages were deleted."""

from collections.abc import Sequence
from typing import cast

import pytest

from services.indexing.adapters.reader import Reader
from services.indexing.model.message import Message
from services.indexing.ranges import first_since
from tests.support.messages import message


class _Log:
    """A reader of messages received at ten times their position, but for those that are gone."""

    def __init__(self, gone: set[int]) -> None:
        self._gone = gone
        self.asked = 0

    async def messages(self, positions: Sequence[int]) -> list[Message]:
        self.asked += 1
        there = (p for p in positions if p not in self._gone)
        return [message("x", position=p, received=10.0 * p) for p in there]


@pytest.mark.parametrize("n", [0, 1, 5, 40, 1_000, 5_000])
@pytest.mark.parametrize("hole", [range(0), range(1, 40), range(2, 5_000), range(900, 1_001)])
async def test_every_time_has_its_position(n: int, hole: range) -> None:
    there = [p for p in range(1, n + 1) if p not in set(hole)]
    log = _Log(set(hole))
    for time in (-1, 5, 10, 11, 390, 400, 9_000, 9_995, 10_000, 49_990, 50_000, 60_000):
        for after in (False, True):
            found = await first_since(cast(Reader, log), time, n, after=after)
            chosen = [p for p in there if p >= found]
            assert chosen == [p for p in there if (10 * p > time if after else 10 * p >= time)]
            assert 1 <= found <= n + 1


async def test_few_steps_find_one_in_a_million() -> None:
    log = _Log(set())
    assert await first_since(cast(Reader, log), 7_654_321, 1_000_000) == 765_433
    assert log.asked <= 5
