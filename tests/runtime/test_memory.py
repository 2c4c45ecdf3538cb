"""Free memory goes back to the system."""

import asyncio
import ctypes
import gc
from types import SimpleNamespace

import pytest

from common.runtime import memory
from common.runtime.memory import return_forever
from tests.support.waiting import until


async def test_memory_is_returned_when_the_process_has_grown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trims: list[int] = []
    sizes = [100]
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(malloc_trim=trims.append))
    monkeypatch.setattr(memory, "resident", lambda: sizes[0])
    monkeypatch.setattr(gc, "collect", lambda: sizes.__setitem__(0, 120))
    task = asyncio.ensure_future(return_forever(0.001, 50))
    await asyncio.sleep(0.05)
    assert trims == []
    sizes[0] = 200
    await until(lambda: trims)
    assert sizes == [120]
    sizes[0] = 160
    monkeypatch.setattr(gc, "collect", lambda: None)
    n = len(trims)
    await until(lambda: len(trims) >= n + 4)
    task.cancel()


async def test_a_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    await return_forever()
