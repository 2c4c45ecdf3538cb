"""Others have their turn while something takes long."""

import asyncio

from common.runtime.turns import Turns


async def test_others_go_first_after_a_while_and_not_before() -> None:
    ran = 0

    async def others() -> None:
        nonlocal ran
        while True:
            ran += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(others())
    patient, hasty = Turns(60_000), Turns(0)
    for _ in range(5):
        await patient.rest()
    assert ran == 0
    for _ in range(5):
        await hasty.rest()
    assert ran == 5
    task.cancel()
