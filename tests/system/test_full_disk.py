"""A disk that is full: publishing says so, replication waits, and all goes on when there is room again."""

import asyncio
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.crypto.keys import Keys, generate
from common.feed.create import create
from common.feed.validate import Head, Verified, verify_value
from common.refs import raw
from common.wire.events import Items
from tests.support.disks import fill, small_disk
from tests.support.peer import Peer, RefusedError
from tests.support.publishing import Publisher
from tests.support.servers import ROOT, SHS_BYTES, OurServer
from tests.support.waiting import until
from tests.support.wholeness import check_log, check_views, keys_of

DISK_MB = 160
MESSAGES = 3000
LIMIT_S = 60


@pytest.fixture
def disk() -> Iterator[Path]:
    with (
        tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as name,
        small_disk(Path(name) / "disk", DISK_MB) as mounted,
    ):
        yield mounted


def feed_of(keys: Keys, n: int) -> list[bytes]:
    head, messages = None, []
    for i in range(n):
        content: Any = {"type": "post", "text": f"{i} " + "x" * 500}
        made = verify_value(create(head, keys, None, content, 1.6e12 + i), None)
        assert isinstance(made, Verified)
        head = Head(made.key, made.sequence)
        messages.append(made.compact)
    return messages


async def send(server: OurServer, keys: Keys, messages: list[bytes]) -> None:
    """Plays a server that has these messages, and sends them as long as the connection stands."""
    async with Peer(keys, raw(server.id), server.port, SHS_BYTES) as peer:
        session = peer.call("duplex", "ebt.replicate", {"version": 3, "format": "classic"})
        notes: dict[str, int] = {}
        while keys.id not in notes:
            event = await peer.event(session)
            assert isinstance(event, Items), event
            for body in event.bodies:
                notes |= orjson.loads(body)
        peer.send(session, orjson.dumps({keys.id: len(messages) << 1}))
        await asyncio.sleep(0.2)
        for message in messages[max(notes[keys.id] >> 1, 0) :]:
            peer.send(session, message)
        await peer.closed.wait()


async def service(publisher: Publisher, name: str) -> dict[str, Any]:
    status = await publisher.ask("status")
    found: dict[str, Any] = (status or {}).get("services", {}).get(name, {})
    return found


async def test_full_disk_is_told_and_survived(disk: Path) -> None:
    author = generate(hashlib.sha256(b"author").digest())
    messages = feed_of(author, MESSAGES)
    async with OurServer(disk / "ours") as server:
        owner = Publisher(server, in_flight=1)
        contact = {"type": "contact", "contact": author.id, "following": True}
        assert await owner.ask("publish", contact)
        ballast = await asyncio.to_thread(fill, disk, leave=16 << 20)

        async with owner.client() as client:
            with pytest.raises(RefusedError, match="of the disk are left"):
                await client.value("publish", {"type": "post", "text": "no room"})
        assert (await service(owner, "storage"))["state"] == "disk full"
        assert "kept free" in (await service(owner, "storage"))["why"]

        sending = asyncio.ensure_future(send(server, author, messages))

        async def paused() -> bool:
            return (await service(owner, "replication")).get("state") == "paused"

        await until(paused, within=LIMIT_S)
        await asyncio.sleep(2)
        assert not sending.done()
        assert (await service(owner, "storage"))["position"] == 1

        ballast.unlink()

        async def complete() -> bool:
            clock = await owner.ask("getVectorClock")
            return bool(clock and clock.get(author.id) == MESSAGES)

        await until(complete, within=LIMIT_S)
        assert not sending.done()
        sending.cancel()
        assert await owner.ask("publish", {"type": "post", "text": "room"})
        await until(owner.whole, within=LIMIT_S)

        async def well() -> bool:
            states = [await service(owner, name) for name in ("storage", "indexing")]
            return [state.get("state") for state in states] == ["ok", "ok"]

        await until(well, within=LIMIT_S)  # search tries again after a while
    check_log(server.folder)
    check_views(server.folder)
    assert keys_of(server.folder).id == server.id


async def test_disk_that_others_fill_to_the_last_byte_loses_nothing(disk: Path) -> None:
    async with OurServer(disk / "ours") as server:
        publisher = Publisher(server, in_flight=4)
        publisher.start()
        await asyncio.sleep(1)
        ballast = await asyncio.to_thread(fill, disk, leave=0)
        before = len(publisher.acknowledged)
        await asyncio.sleep(2)
        assert publisher.refused
        ballast.unlink()

        async def goes_on() -> bool:
            return len(publisher.acknowledged) > before + 100

        await until(goes_on, within=LIMIT_S)
        await publisher.stop()
        await until(publisher.whole, within=LIMIT_S)
        log = (server.folder.parent / "ours.log").read_text()
        assert "is started again" not in log
    check_log(server.folder)
    check_views(server.folder)


def start(disk: Path) -> subprocess.CompletedProcess[str]:
    folder = disk / "ours"
    command = [sys.executable, "-m", "services.sbot", "start", "--path", str(folder)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(disk), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, "--host", "127.0.0.1", "--local", "false"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=disk,
        timeout=LIMIT_S,
        check=False,
    )


async def test_start_says_what_is_wrong_with_the_disk_and_works_afterwards(disk: Path) -> None:
    (disk / "ours").mkdir()
    ballast = fill(disk, leave=0)
    full = await asyncio.to_thread(start, disk)
    assert (full.returncode, full.stdout, full.stderr.count("\n")) == (1, "", 1), full.stderr
    assert "No space left on device" in full.stderr
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    closed = await asyncio.to_thread(start, disk)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert (closed.returncode, closed.stdout, closed.stderr.count("\n")) == (1, "", 1)
    assert f"{disk}/ours" in closed.stderr
    assert "Read-only file system" in closed.stderr
    ballast.unlink()
    async with OurServer(disk / "ours") as server:
        assert await Publisher(server, in_flight=1).ask("whoami") == {"id": server.id}
