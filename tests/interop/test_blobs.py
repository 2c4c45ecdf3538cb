"""Blobs between ours and npm's ssb-server: fetched, served, passed on, pushed; equal to the byte."""

import asyncio
import hashlib
import os
import pty
import sys
from pathlib import Path

import pytest

from common.refs.ids import blob_id
from tests.support.driver import PEERS_DB2, CallError, Driver
from tests.support.node_packages import install
from tests.support.servers import ROOT, CompactServer, Db2Server, OurServer, Server, SsbServer
from tests.support.waiting import until

pytestmark = pytest.mark.interop
KINDS: dict[str, type[Server]] = {
    "ours": OurServer,
    "compact": CompactServer,
    "theirs": SsbServer,
    "db2": Db2Server,
}
"""`theirs` has ssb-blobs 1.2, `db2` 2.0."""
WITHIN_S = 60
LARGEST = 5 * 1024 * 1024
"""What `blobs.max` allows."""


class File:
    """Bytes of a seeded generator, in a file, and what they are called."""

    def __init__(self, folder: Path, size: int, seed: int = 0) -> None:
        self.path = folder / f"{seed}-{size}"
        data = hashlib.shake_256(str(seed).encode()).digest(size)
        self.path.write_bytes(data)
        self.sum = (size, hashlib.sha256(data).hexdigest())
        self.id = blob_id(hashlib.sha256(data).digest())


async def has(client: Driver, *files: File) -> bool:
    return all(await client.call("blobs.has", [file.id for file in files]))


async def keep(client: Driver, *files: File) -> None:
    """Stores files; muxrpc tells nobody when a sink's bytes have arrived."""
    for file in files:
        await client.send_file("blobs.add", file.path)

    async def here() -> bool:
        sizes = await client.call("blobs.size", [file.id for file in files])
        return bool(sizes == [file.sum[0] for file in files])

    await until(here, within=WITHIN_S)


async def arrives(client: Driver, *files: File) -> None:
    async def here() -> bool:
        return await has(client, *files)

    await until(here, within=WITHIN_S)
    for file in files:
        assert await client.digest("blobs.get", file.id) == file.sum


@pytest.mark.parametrize(
    ("asker", "keeper"),
    [
        ("ours", "theirs"),
        ("theirs", "ours"),
        ("ours", "ours"),
        ("compact", "theirs"),
        ("ours", "db2"),
        ("db2", "ours"),
    ],
)
async def test_what_one_wants_and_the_other_has_arrives(
    folder: Path, asker: str, keeper: str
) -> None:
    if "db2" in (asker, keeper):
        install(PEERS_DB2)
    sizes = [1, 65_537, 70_000, LARGEST - 1]
    # Clients of ssb-server cannot read what is made of full pieces: it says goodbye behind them.
    if asker not in ("theirs", "db2"):
        sizes += [65_536, 10 * 65_536 if keeper == "db2" else LARGEST]
    files = [File(folder, size) for size in sizes]
    async with KINDS[asker](folder / "a") as a, KINDS[keeper](folder / "b") as b:
        wants, keeps = await a.client(), await b.client()
        await keep(keeps, *files[:2])
        await wants.call("gossip.connect", b.address)
        for file in files[:2]:
            assert await wants.call("blobs.want", file.id)
        for file in files[2:]:
            waiting = asyncio.create_task(wants.call("blobs.want", file.id))
            await asyncio.sleep(0.2)
            await keep(keeps, file)
            assert await waiting
        await arrives(wants, *files)


async def test_a_blob_two_hops_away_arrives_through_us(folder: Path) -> None:
    async with (
        SsbServer(folder / "far") as far,
        OurServer(folder / "us") as us,
        SsbServer(folder / "near") as near,
    ):
        file = File(folder, 100_000)
        keeps, wants = await far.client(), await near.client()
        for client in (keeps, wants):
            await client.call("gossip.connect", us.address)
        await keep(keeps, file)
        assert await wants.call("blobs.want", file.id)
        await arrives(wants, file)
        assert await has(await us.client(), file)


@pytest.mark.parametrize("pusher", ["ours", "theirs"])
async def test_a_push_brings_the_blob_to_three_peers(folder: Path, pusher: str) -> None:
    kinds = ("ours", "theirs", "theirs") if pusher == "ours" else ("ours", "ours", "theirs")
    file = File(folder, 50_000)
    async with KINDS[pusher](folder / "p") as one:
        pushes = await one.client()
        await keep(pushes, file)
        await pushes.call("blobs.push", file.id)
        servers = [KINDS[kind](folder / str(n)) for n, kind in enumerate(kinds)]
        try:
            for server in servers:
                await server.start()
                await (await server.client()).call("gossip.connect", one.address)
            for server in servers:
                await arrives(await server.client(), file)
        finally:
            for server in servers:
                await server.stop()


async def test_clients_store_list_read_and_remove(folder: Path) -> None:
    files = [File(folder, size) for size in (3, 70_000)]
    async with OurServer(folder / "a") as ours:
        client = await ours.client()
        await keep(client, *files)
        ids = sorted(file.id for file in files)
        assert sorted(await client.collect("blobs.ls")) == ids
        whole = {
            item["id"]: item["size"] for item in await client.collect("blobs.ls", {"meta": True})
        }
        assert whole == {file.id: file.sum[0] for file in files}
        assert await client.call("blobs.size", files[1].id) == 70_000
        assert (await client.call("blobs.meta", files[1].id))["size"] == 70_000
        part = await client.digest(
            "blobs.getSlice", {"id": files[1].id, "start": 65_530, "end": 65_540}
        )
        data = files[1].path.read_bytes()[65_530:65_540]
        assert part == (10, hashlib.sha256(data).hexdigest())
        with pytest.raises(CallError, match="incorrect file length"):
            await client.digest("blobs.get", {"id": files[1].id, "max": 10})
        await client.call("blobs.rm", files[0].id)
        assert not await has(client, files[0])
        with pytest.raises(CallError, match="could not get blob"):
            await client.digest("blobs.get", files[0].id)


async def sbot(server: Server, *words: str) -> tuple[int | None, str, str]:
    """Runs our command line against a server: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.sbot", *words, "--", *server.arguments()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(server.folder.parent), "PYTHONPATH": str(ROOT)},
    )
    out, errors = await process.communicate()
    return process.returncode, out.decode(), errors.decode()


async def test_the_command_line_adds_and_gets(folder: Path) -> None:
    file = File(folder, 200_000)
    async with OurServer(folder / "a") as ours:
        assert await sbot(ours, "blobs.add", str(file.path)) == (0, f"{file.id}\n", "")
        assert (await sbot(ours, "blobs.add", "nothing here"))[0] == 1
        await arrives(await ours.client(), file)


async def test_one_that_is_too_large_is_refused(folder: Path) -> None:
    file = File(folder, LARGEST + 1)
    async with OurServer(folder / "a") as ours:
        code, _, errors = await sbot(ours, "blobs.add", str(file.path))
        assert (code, "must not be larger than 5242880 bytes" in errors) == (1, True)
        assert await (await ours.client()).collect("blobs.ls") == []
        assert not list((ours.folder / "blobs" / "tmp").iterdir())


async def on_a_terminal(server: Server, out: Path, *words: str) -> str:
    """Runs our command line with its errors on a terminal; what is shown there."""
    ours, theirs = pty.openpty()
    with out.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.sbot", *words, "--", *server.arguments()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=theirs,
            env={**os.environ, "HOME": str(server.folder.parent), "PYTHONPATH": str(ROOT)},
        )
    os.close(theirs)
    try:
        assert await process.wait() == 0
        return os.read(ours, 100_000).decode()
    finally:
        os.close(ours)


async def test_the_command_line_shows_how_far_it_is(folder: Path) -> None:
    file, out = File(folder, LARGEST), folder / "out"
    async with OurServer(folder / "a") as ours:
        shown = await on_a_terminal(ours, out, "blobs.add", str(file.path))
        assert "100%  5.2 MB of 5.2 MB" in shown
        assert out.read_text() == f"{file.id}\n"
        shown = await on_a_terminal(ours, out, "blobs.get", file.id)
        assert "100%  5.2 MB of 5.2 MB" in shown
        assert out.read_bytes() == file.path.read_bytes()
