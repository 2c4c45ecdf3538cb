"""Work that fails while it is cancelled."""

import asyncio

import pytest

from common.runtime.apart import apart


async def stubborn() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise OSError("the other one went away") from None


async def group() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stubborn())


async def test_who_is_cancelled_hears_of_that_whatever_fails_meanwhile() -> None:
    async def goes_on() -> str:
        try:
            await apart(group())
        except* OSError:
            pass
        return "went on"

    waiting = asyncio.create_task(goes_on())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_failure_is_told() -> None:
    async def fails() -> None:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        await apart(fails())
