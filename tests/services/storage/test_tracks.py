"""Walking along numbered records: nothing is read for who cannot take it."""

import asyncio

from services.storage.adapters.tracks import Slice, follow, walk


class Counted:
    """Records 1 to `last`, and how often somebody looked."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.reads = 0

    def slice(self, first: int, last: int, *, reverse: bool, limit: int) -> Slice:
        self.reads += 1
        numbers = range(first, last + 1)
        return [(n, b"%d" % n) for n in (reversed(numbers) if reverse else numbers)][
            : min(limit, 2)
        ]

    async def beyond(self, number: int) -> None:
        while self.last <= number:
            await asyncio.sleep(0)


class Gate:
    """Credit that a test gives, one turn at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(0)

    async def __call__(self) -> None:
        await self._turns.acquire()

    def open(self, turns: int = 1) -> None:
        for _ in range(turns):
            self._turns.release()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_walk_reads_only_what_can_be_sent() -> None:
    track, gate = Counted(5), Gate()
    walking = walk(track, gate, 1, 5)
    step = asyncio.ensure_future(anext(walking))
    await settle()
    assert track.reads == 0
    gate.open()
    assert await step == [(1, b"1"), (2, b"2")]
    step = asyncio.ensure_future(anext(walking))
    await settle()
    assert track.reads == 1
    gate.open(9)
    assert [n for n, _ in await step] == [3, 4]
    assert [[n for n, _ in found] async for found in walking] == [[5]]


async def test_walk_keeps_to_its_limit_and_direction() -> None:
    track, gate = Counted(9), Gate()
    gate.open(9)
    walking = walk(track, gate, 1, 9, reverse=True, limit=3)
    assert [[n for n, _ in found] async for found in walking] == [[9, 8], [7]]


async def test_follow_reads_only_what_can_be_sent() -> None:
    track, gate = Counted(3), Gate()
    following = follow(track, gate, 3)
    step = asyncio.ensure_future(anext(following))
    track.last = 4
    await settle()
    assert track.reads == 0
    gate.open(9)
    assert await step == [(4, b"4")]
