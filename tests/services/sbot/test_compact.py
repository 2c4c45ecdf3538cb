"""All services in one process: the real ones over `inproc`, and stand-ins that end as they are told."""

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from common.bus import Node
from common.runtime.errors import NotNow, SettingsError, StartError
from common.runtime.process import Main
from common.runtime.settings import Settings, load
from services.sbot import compact, identity
from services.sbot.restarts import CALM_SECONDS
from tests.support.ports import free_port
from tests.support.processes import family, pss_mb
from tests.support.servers import SHS, CompactServer
from tests.support.waiting import PATIENCE_S, until

MAX_IDLE_MB = 90


def settings(folder: Path, *argv: str) -> Settings:
    places = ("--path", str(folder), "--host", "127.0.0.1", "--port", str(free_port()))
    alone = ("--ws.port", "0", "--local", "false", "--caps.shs", SHS)
    return load(["--compact", *alone, *places, *argv], {}, folder, folder)


@asynccontextmanager
async def running(mains: dict[str, Main], loaded: Settings) -> AsyncIterator[Node]:
    """A suite in this very process, and a node beside it."""
    suite = asyncio.ensure_future(compact.serve(mains, loaded))
    try:
        async with Node("tester", loaded.endpoint, calls=loaded.services) as node:
            yield node
    finally:
        suite.cancel()
        with suppress(asyncio.CancelledError):
            await suite


async def answer(node: Node, service: str, method: str, *args: object) -> Any:
    """What a service answers, asked again while it is away."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(Exception):
                await node.wait_up(service)
                return (await node.call(service, method, *args)).json()
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", ["storage", "replication", "indexing", "network", "peers", "api"])
async def test_an_actor_that_crashes_is_started_again_and_the_others_find_it(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    loaded = settings(tmp_path)
    own = identity.claim(loaded).id
    mains = compact.mains(loaded)
    real, crash = mains[name], asyncio.Event()

    async def crashing(given: Settings) -> None:
        work = asyncio.ensure_future(real(given))
        asked = asyncio.ensure_future(crash.wait())
        try:
            await asyncio.wait((work, asked), return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        crash.clear()
        raise RuntimeError("surprise")

    async with running({**mains, name: crashing}, loaded) as node:
        await answer(node, "storage", "publish", {"type": "post", "text": "before"})
        crash.set()
        await until(lambda: not crash.is_set())
        second = await answer(node, "storage", "publish", {"type": "post", "text": "after"})
        assert second["value"]["sequence"] == 2
        assert await answer(node, name, "health")

        async def folded() -> bool:
            since: int = (await answer(node, "api", "status"))["sync"]["since"]
            return since == 2

        await until(folded)
        assert (await answer(node, "storage", "getVectorClock")) == {own: 2}

        async def ready() -> bool:
            return all([(await answer(node, one, "health"))["ready"] for one in loaded.services])

        await until(ready)
        said = await until(lambda: capsys.readouterr().out)
    assert said.startswith("ready net:127.0.0.1:")
    assert "never retrieved" not in caplog.text


async def test_the_pause_before_the_next_try_grows_until_one_runs_well(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def main(_: Settings) -> None:
        nonlocal now
        if len(pauses) == 9:
            now += CALM_SECONDS
        if len(pauses) == 5:
            raise NotNow("the disk is full")
        if len(pauses) == 10:
            raise StartError("/a/file: damaged")
        raise ValueError("surprise")

    loaded = settings(tmp_path)
    with caplog.at_level(logging.WARNING), pytest.raises(StartError, match=r"^/a/file: damaged$"):
        await compact.keep("api", main, loaded, lambda: now, sleep)
    assert pauses == [0.25, 0.25, 0.5, 1, 2, 4, 8, 16, 30, 0.25]
    assert "the disk is full" in caplog.messages
    assert "api ended after 0.0 s and is started again in 0.25 s" in caplog.messages


async def test_who_fails_while_all_end_is_not_started_again(tmp_path: Path) -> None:
    begun = []

    async def loses() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise OSError("storage went away") from None

    async def main(_: Settings) -> None:
        begun.append(True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(loses())

    keeping = asyncio.create_task(compact.keep("api", main, settings(tmp_path)))
    await until(lambda: begun)
    await asyncio.sleep(0)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert len(begun) == 1


async def test_what_a_person_must_mend_ends_all(tmp_path: Path) -> None:
    ended = []

    async def well(_: Settings) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("well")

    async def broken(_: Settings) -> None:
        await asyncio.sleep(0)
        raise StartError("/a/file: damaged")

    with pytest.raises(StartError, match=r"^/a/file: damaged$"):
        await compact.serve({"a": well, "b": broken}, settings(tmp_path))
    assert ended == ["well"]


def test_an_unknown_service_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no service 'nope'"):
        compact.mains(settings(tmp_path, "--services", "nope"))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[CompactServer]:
    async with CompactServer(tmp_path / "ours") as one:
        yield one


async def test_it_is_one_small_process_that_ends_within_seconds(server: CompactServer) -> None:
    pid = server.process.pid
    assert family(pid) == [pid]
    await asyncio.sleep(1)
    assert pss_mb(pid) < MAX_IDLE_MB
    assert json.loads((server.folder / "manifest.json").read_text())["whoami"] == "sync"
    assert not [*(server.folder / "run").glob("*")]
    server.process.send_signal(signal.SIGHUP)
    async with asyncio.timeout(PATIENCE_S):
        said, _ = await server.process.communicate()
    assert not said
    assert server.process.returncode == 0


async def test_a_second_start_is_refused(server: CompactServer) -> None:
    second = CompactServer(server.folder)
    with pytest.raises(AssertionError, match="ended without a word"):
        await second.start()
    assert await second.process.wait() == 1
    assert (
        f"held by process {server.process.pid}" in (server.folder.parent / "ours.log").read_text()
    )
    assert server.process.returncode is None


async def test_a_port_that_is_taken_ends_it_with_one_line(server: CompactServer) -> None:
    other = CompactServer(server.folder.parent / "other", port=server.port)
    with pytest.raises(AssertionError, match="ended without a word"):
        await other.start(on_taken_port=True)
    assert await other.process.wait() == 1
    said = (server.folder.parent / "other.log").read_text()
    assert said.startswith(f"sbot: cannot listen on 127.0.0.1:{server.port}: ")
    assert said.count("\n") == 1


async def test_more_workers_than_one_are_none_of_its_business(tmp_path: Path) -> None:
    async with CompactServer(tmp_path / "ours", "--workers.network", "2") as server:
        assert family(server.process.pid) == [server.process.pid]
    said = (tmp_path / "ours.log").read_text()
    assert "compact: one worker of each service" in said
