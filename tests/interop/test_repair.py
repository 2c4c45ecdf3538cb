"""Damaged messages come back from a real server, while ours runs."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from common.feed.record import Record
from common.store import Batch, open_rocks
from services.storage.adapters.database import FAMILIES, FOLDER
from tests.support.driver import PEERS_DB2
from tests.support.mesh import all_hold, contact, feed_text, posts
from tests.support.node_packages import install
from tests.support.servers import ROOT, Db2Server, OurServer, SsbServer
from tests.support.wholeness import check_log

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]
POSTS = 20
TRIES = 5


def damage(data: Path) -> None:
    """One text is changed, one record is gone, one is no record any more, one row leads elsewhere."""
    store = open_rocks(data / FOLDER, FAMILIES)
    batch = Batch()
    records = dict(store.scan("log"))
    changed, gone, garbage, other = (n.to_bytes(8) for n in (4, 7, 8, 12))
    batch.put("log", changed, records[changed].replace(b"na\xc3\xafve", b"wise"))
    batch.delete("log", gone)
    batch.put("log", garbage, b"?" * 300)
    batch.put("ids", Record.parse(records[other]).key, changed)
    store.write(batch, sync=True)
    store.close()


async def fsck(server: OurServer, *argv: str) -> tuple[int | None, list[Any]]:
    """The command, its exit code and what it printed."""
    command = [sys.executable, "-m", "services.sbot", "fsck", *argv, "--", *server.arguments()]
    environment = {**os.environ, "HOME": str(server.folder.parent), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env=environment
    )
    out, _ = await process.communicate()
    return process.returncode, [json.loads(text) for text in out.decode().split("\n\n") if text]


@pytest.mark.parametrize("kind", [SsbServer, Db2Server], ids=["ssb-server", "no ssb-ooo: ssb-db2"])
async def test_what_is_damaged_is_fetched_from_a_peer(folder: Path, kind: type[SsbServer]) -> None:
    if kind is Db2Server:
        install(PEERS_DB2)
    ours, theirs = OurServer(folder / "ours"), kind(folder / "theirs")
    async with theirs:
        at_theirs = await theirs.client()
        await posts(at_theirs, POSTS)
        async with ours:
            at_ours = await ours.client()
            await contact(at_ours, theirs.id, following=True)
            await at_ours.call("gossip.connect", theirs.address)
            await all_hold([at_ours], {theirs.id: POSTS})
            before = await feed_text(at_ours, theirs.id)
        damage(ours.folder)
        async with ours:
            code, items = await fsck(ours)
            found = {(one["problem"], one.get("position")) for one in items if "problem" in one}
            assert code == 1
            assert {("message", 4), ("missing", 7), ("missing", 8), ("index", 12)} <= found
            at_ours = await ours.client()
            await at_ours.call("gossip.connect", theirs.address)
            for _ in range(TRIES):  # a peer that has just come is not asked by everybody yet
                code, items = await fsck(ours, "--repair")
                if code == 0:
                    break
            assert (code, items[-1]["ok"]) == (0, True), items
            assert await feed_text(at_ours, theirs.id) == before
            code, items = await fsck(ours)
            assert (code, items[-1]) == (0, {"ok": True, "problems": 0, "mended": 0}), [
                i for i in items if i.get("ok") is not True
            ]
    check_log(ours.folder)
