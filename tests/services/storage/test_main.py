"""The process: it is killed while it publishes, and what it acknowledged is there afterwards."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Node
from common.feed import json
from common.feed.record import Record
from common.feed.validate import Verified, verify_raw
from common.runtime import settings
from services.sbot import identity
from tests.support.waiting import PATIENCE_S, until

ROOT = Path(__file__).parents[3]


@contextmanager
def process(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "services.storage", "--path", str(path)]
    command += ["--host", "127.0.0.1", "--bus.dir", str(path / "run")]
    started = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env=os.environ)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sb-") as name:  # short: it becomes a socket's path
        identity.claim(settings.load(["--path", name], {}, Path(name), Path(name)))
        yield Path(name)


def client(path: Path) -> Node:
    return Node("test", lambda name: f"ipc://{path}/run/{name}", calls=["storage"])


async def publish(node: Node, known: list[Any]) -> None:
    while True:
        reply = await node.call("storage", "publish", {"type": "test", "text": "x" * 500})
        known.append(reply.json())


async def grows(known: list[Any], more: int) -> None:
    enough = len(known) + more
    await until(lambda: len(known) >= enough)


async def test_acknowledged_messages_survive_a_kill(folder: Path) -> None:
    known: list[Any] = []
    for _ in range(2):
        with process(folder) as storage:
            async with client(folder) as node:
                await node.wait_up("storage", PATIENCE_S)
                publishing = [asyncio.create_task(publish(node, known)) for _ in range(8)]
                await grows(known, 200)
                storage.send_signal(signal.SIGKILL)
                done = await asyncio.gather(*publishing, return_exceptions=True)
                assert all(isinstance(error, BusError) for error in done)
    with process(folder):
        async with client(folder) as node:
            await node.wait_up("storage", PATIENCE_S)
            async with node.source("storage", "log.read", {}) as stream:
                records = [Record.parse(body) async for batch in stream for body in batch.bodies]
    check(records, known)


def check(records: list[Record], known: list[Any]) -> None:
    found = [verify_raw(record.message, None) for record in records]
    previous = None
    for sequence, message in enumerate(found, 1):
        assert isinstance(message, Verified)
        assert (message.sequence, message.previous) == (sequence, previous)
        previous = message.key
    kept = {json.compact(json.parse(record.message)) for record in records}
    assert all(json.compact(item["value"]) in kept for item in known)


async def test_second_process_says_one_clear_line(folder: Path) -> None:
    with process(folder):
        async with client(folder) as node:
            await node.wait_up("storage", PATIENCE_S)
            with process(folder) as second:
                _, said = await asyncio.to_thread(second.communicate, None, 20)
            assert second.returncode == 2
            assert said.decode().splitlines() == [
                f"sbot storage: database {folder}/scuttlebot/log is in use by another process"
            ]
            assert (await node.call("storage", "health")).json()["ready"] is True
