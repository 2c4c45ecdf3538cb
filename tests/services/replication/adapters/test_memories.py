"""Remembered clocks in files: as ssb-ebt writes them, whatever else lies there."""

import asyncio
import json
import logging
import os
from pathlib import Path

import pytest

from common.refs import FeedId, feed_id
from services.replication.adapters import memories
from services.replication.adapters.memories import Memories

A, B, C, X = (feed_id(bytes([n]) * 32) for n in (250, 1, 2, 3))
NAME = "@-vr6-vr6-vr6-vr6-vr6-vr6-vr6-vr6-vr6-vr6-vo.ed25519"
"""What base64-url makes of A."""


async def kept(folder: Path, *clocks: tuple[FeedId, dict[FeedId, int]]) -> None:
    store = Memories(folder)
    for peer, clock in clocks:
        store.keep(peer, clock)
    await store.close()


async def loaded(folder: Path, peer: FeedId) -> dict[FeedId, int]:
    store = Memories(folder)
    try:
        return dict(await store.load(peer))
    finally:
        await store.close()


async def test_a_clock_is_kept_as_ssb_ebt_keeps_it(tmp_path: Path) -> None:
    await kept(tmp_path, (A, {X: 5}), (B, {X: 1}), (A, {X: 6}))
    assert json.loads((tmp_path / "ebt" / NAME).read_text()) == {X: 6}
    assert len(list((tmp_path / "ebt").iterdir())) == 2
    assert await loaded(tmp_path, A) == {X: 6}
    assert await loaded(tmp_path, C) == {}


async def test_what_waits_to_be_written_is_read(tmp_path: Path) -> None:
    store = Memories(tmp_path)
    store.keep(A, {X: 1})
    assert await store.load(A) == {X: 1}
    store.keep(A, {X: 2})
    await asyncio.sleep(0)
    store.keep(A, {X: 3})
    await store.close()
    assert await loaded(tmp_path, A) == {X: 3}


async def test_a_folder_of_ssb_server_is_read(tmp_path: Path) -> None:
    (tmp_path / "ebt").mkdir()
    found = {X: 4, A: -1, B: 2.5, C: "7", "x": 1}
    (tmp_path / "ebt" / NAME).write_text(json.dumps(found))
    assert await loaded(tmp_path, A) == {X: 4}


async def test_who_is_forgotten_leaves_no_file(tmp_path: Path) -> None:
    await kept(tmp_path, (A, {X: 5}), (B, {X: 5}))
    store = Memories(tmp_path)
    store.forget(A)
    await store.close()
    assert await loaded(tmp_path, A) == {}
    assert await loaded(tmp_path, B) == {X: 5}


async def test_damaged_files_are_named_once_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await kept(tmp_path, (A, {X: 5}))
    file = tmp_path / "ebt" / NAME
    store = Memories(tmp_path)
    for content in (b'{"', b"[]", b"\xff", b"", b"null", b"[" * 100_000):
        file.write_bytes(content)
        with caplog.at_level(logging.WARNING):
            assert await store.load(A) == {}
    assert [record.message.count(NAME) for record in caplog.records] == [1]
    store.keep(A, {X: 6})
    await store.close()
    assert await loaded(tmp_path, A) == {X: 6}


async def test_links_pipes_and_folders_are_no_clocks(tmp_path: Path) -> None:
    await kept(tmp_path, (B, {X: 5}))
    file = tmp_path / "ebt" / NAME
    file.symlink_to(next((tmp_path / "ebt").iterdir()))
    assert await loaded(tmp_path, A) == {}
    file.unlink()
    os.mkfifo(file)
    assert await loaded(tmp_path, A) == {}
    file.unlink()
    file.mkdir()
    assert await loaded(tmp_path, A) == {}
    await kept(tmp_path, (A, {X: 6}), (B, {X: 7}))
    assert await loaded(tmp_path, B) == {X: 7}


async def test_a_folder_that_cannot_be_made_loses_the_clocks_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "ebt").write_text("no folder")
    await kept(tmp_path, (A, {X: 5}), (B, {X: 5}))
    assert await loaded(tmp_path, A) == {}
    assert sum("cannot be written" in record.message for record in caplog.records) == 1


async def test_the_oldest_files_make_room_and_others_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memories, "MAX_FILES", 2)
    await kept(tmp_path, (A, {X: 1}), (B, {X: 1}))
    os.utime(tmp_path / "ebt" / NAME, (1, 1))
    (tmp_path / "ebt" / "notes.txt").write_text("mine")
    (tmp_path / "ebt" / f"{NAME}.new").write_text("torn")
    os.utime(tmp_path / "ebt" / f"{NAME}.new", (0, 0))
    await kept(tmp_path, (C, {X: 1}))
    assert await loaded(tmp_path, A) == {}
    assert await loaded(tmp_path, B) == {X: 1}
    monkeypatch.setattr(memories, "MAX_TOTAL_BYTES", 100)
    await kept(tmp_path, (C, {X: 2}))
    assert {file.name for file in (tmp_path / "ebt").iterdir()} == {
        "notes.txt",
        memories._name(C),
    }


async def test_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await kept(tmp_path, (A, {X: 1}))
    monkeypatch.setattr(memories, "MAX_BYTES", 10)
    assert await loaded(tmp_path, A) == {}
    await kept(tmp_path, (A, {X: 1}))
    assert list((tmp_path / "ebt").iterdir()) == []
