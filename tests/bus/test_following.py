"""Work is done each time the service it needs is up."""

import asyncio
from collections.abc import Callable

import pytest

from common.bus import Call, CallerError, Method, Node, OurError, again


async def answers(call: Call) -> None:
    await call.send([b"1"])
    raise OurError("that was all")


async def test_what_ended_begins_again_and_so_after_a_restart(
    endpoints: Callable[[str], str],
) -> None:
    async with Node("reader", endpoints, calls=("facts",)) as reader:
        seen: list[int] = []
        lost: list[int] = []

        async def once() -> None:
            async with reader.source("facts", "tell") as stream:
                async for batch in stream:
                    seen.extend(batch.json())

        work = asyncio.create_task(
            again(reader, "facts", once, lost=lambda: lost.append(len(seen)))
        )
        for _ in range(2):
            before = len(seen)
            async with Node("facts", endpoints, {"tell": Method("source", answers)}):
                async with asyncio.timeout(20):
                    while len(lost) < 2 or len(seen) < before + 2:
                        await asyncio.sleep(0.01)
        work.cancel()
    assert lost[:2] == [1, 2]


async def test_what_cannot_be_mended_is_raised(endpoints: Callable[[str], str]) -> None:
    async with (
        Node("facts", endpoints, {"tell": Method("source", answers)}),
        Node("reader", endpoints, calls=("facts",)) as reader,
    ):

        async def once() -> None:
            raise CallerError("another log")

        with pytest.raises(CallerError, match="another log"):
            await again(reader, "facts", once, fatal=(CallerError,))
