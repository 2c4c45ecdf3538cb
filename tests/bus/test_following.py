"""Work is done each time the service it needs is up."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from common.bus import Call, CallerError, Method, Node, OurError, again
from tests.support.waiting import until


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

        def told(times: int) -> bool:
            return len(lost) >= 2 and len(seen) >= times

        work = asyncio.create_task(
            again(reader, "facts", once, lost=lambda: lost.append(len(seen)))
        )
        for times in (2, 4):
            async with Node("facts", endpoints, {"tell": Method("source", answers)}):
                await until(partial(told, times))
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
