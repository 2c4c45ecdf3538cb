"""Nodes in processes of their own, killed, stopped and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from common.bus import (
    Call,
    DeadlineExceeded,
    EndpointError,
    Method,
    Node,
    Timing,
    Unavailable,
)
from tests.bus.wire import AT_ONCE_S, Endpoints
from tests.support.waiting import PATIENCE_S, until

ROOT = Path(__file__).parent.parent.parent


class Processes:
    """Starts tests/bus/process.py in a role, and ends whatever it started."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._all: list[subprocess.Popen[bytes]] = []

    async def start(self, role: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.bus.process", role, self._folder]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        self._all.append(process)
        assert process.stdout
        line = await asyncio.to_thread(process.stdout.readline)
        assert line.strip() == b"ready"
        return process

    def end(self) -> None:
        for process in self._all:
            process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()


@pytest.fixture
def processes(endpoints: Endpoints) -> Iterator[Processes]:
    started = Processes(endpoints("").removeprefix("ipc://"))
    yield started
    started.end()


@asynccontextmanager
async def calling(endpoints: Endpoints) -> AsyncIterator[Node]:
    async with Node("caller", endpoints, calls=["service"]) as node:
        await node.wait_up("service", PATIENCE_S)
        yield node


async def test_killed_service_ends_calls_at_once_and_is_found_again(
    endpoints: Endpoints, processes: Processes
) -> None:
    process = await processes.start("service")
    async with calling(endpoints) as node:
        changes: list[bool] = []
        node.on_change(lambda _, up: changes.append(up))
        first = (await node.call("service", "pid")).json()
        waiting = asyncio.create_task(node.call("service", "wait"))
        stream = node.source("service", "flood", window=10_000)
        assert (await anext(aiter(stream))).bodies
        process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(AT_ONCE_S):
            with pytest.raises(Unavailable):
                await waiting
            with pytest.raises(Unavailable):
                [batch async for batch in stream]
        assert changes == [False]
        await processes.start("service")  # the stale socket file of the dead one is in its way
        await node.wait_up("service", PATIENCE_S)
        assert (await node.call("service", "pid")).json() != first
        assert changes == [False, True]


async def test_hanging_service_costs_its_callers_a_deadline_and_then_counts_as_gone(
    endpoints: Endpoints, processes: Processes
) -> None:
    process = await processes.start("service")
    patience = Timing(tick=0.05)
    async with Node("caller", endpoints, calls=["service"], timing=patience) as node:
        await node.wait_up("service", PATIENCE_S)
        stream = node.source("service", "flood", window=10_000)
        first = (await node.call("service", "pid")).json()
        process.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(PATIENCE_S):
                with pytest.raises(DeadlineExceeded):
                    await node.call("service", "pid", deadline_ms=200)
                with pytest.raises(Unavailable, match="silent"):  # 20 ticks later
                    await node.call("service", "wait", deadline_ms=0)
                with pytest.raises(Unavailable):
                    [batch async for batch in stream]
                assert not node.is_up("service")
        finally:
            process.send_signal(signal.SIGCONT)
        await node.wait_up("service", PATIENCE_S)
        assert (await node.call("service", "pid")).json() == first


async def test_killed_caller_has_its_calls_cancelled_at_once(
    endpoints: Endpoints, processes: Processes
) -> None:
    states: list[str] = []

    async def wait(_: Call) -> object:
        states.append("open")
        try:
            await asyncio.sleep(60)
        finally:
            states.append("over")
        return None

    async with Node("service", endpoints, {"wait": Method("async", wait)}):
        process = await processes.start("caller")
        await until(lambda: states == ["open"])
        process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(AT_ONCE_S):
            await until(lambda: states == ["open", "over"])


async def test_live_service_is_not_robbed_of_its_endpoint(
    endpoints: Endpoints, processes: Processes
) -> None:
    process = await processes.start("service")
    thief = Node("service", endpoints, {"wait": Method("async", _never)})
    with pytest.raises(EndpointError, match="another service is running"):
        await thief.start()
    async with calling(endpoints) as node:
        assert (await node.call("service", "pid")).json() == process.pid


async def test_slow_reader_bounds_the_memory_of_the_writer(
    endpoints: Endpoints, processes: Processes
) -> None:
    process = await processes.start("service")
    async with calling(endpoints) as node, node.source("service", "flood") as stream:
        reader = aiter(stream)
        await anext(reader)
        resident = _resident(process.pid)
        first = int((await anext(reader)).position or 0)
        await asyncio.sleep(0.3)  # an unbounded writer would write some 100 MB
        sent = (await node.call("service", "sent")).json()
        assert sent - first < 3 * (1 << 20)
        assert _resident(process.pid) - resident < 16 * (1 << 20)
        for _ in range(200):
            await anext(reader)


async def _never(_: Call) -> object:
    raise AssertionError


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
