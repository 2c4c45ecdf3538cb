"""conn.json and gossip.json on a disk that may hold anything."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from common.refs import feed_id
from services.peers.adapters import files
from services.peers.adapters.files import BookFile
from services.peers.model.book import Book
from tests.support.waiting import until

A = feed_id(bytes([1]) * 32)
AT_A = f"net:a.example:1~shs:{A[1:45]}"


def opened(folder: Path) -> tuple[Book, BookFile]:
    book = Book()
    file = BookFile(folder, book, lambda: 17)
    file.load()
    return book, file


async def test_what_changes_is_on_the_disk_within_a_second(tmp_path: Path) -> None:
    book, file = opened(tmp_path)
    task = asyncio.create_task(file.follow())
    book.set(AT_A, {"key": A}, 5)
    path = tmp_path / "conn.json"
    await until(lambda: path.exists() and AT_A in path.read_text())
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert path.read_text() == json.dumps({AT_A: {"birth": 5, "key": A}}, indent=2)
    again, _ = opened(tmp_path)
    assert again.dump() == book.dump()


async def test_an_older_table_is_read_once(tmp_path: Path) -> None:
    old = tmp_path / "gossip.json"
    old.write_text(json.dumps([{"address": AT_A, "key": A, "source": "pub"}, {}]))
    _, file = opened(tmp_path)
    await file.save()
    old.write_text("[]")
    book, _ = opened(tmp_path)
    assert list(book.dump()) == [AT_A]


async def test_an_empty_folder_gets_an_empty_book(tmp_path: Path) -> None:
    _, file = opened(tmp_path)
    await file.save()
    assert (tmp_path / "conn.json").read_text() == "{}"


@pytest.mark.parametrize("tail", ["", "}", "}}\n  }", "\0" * 9])
def test_a_tail_that_is_too_long_is_cut_off(tmp_path: Path, tail: str) -> None:
    (tmp_path / "conn.json").write_text(json.dumps({AT_A: {"key": A}}) + tail)
    book, _ = opened(tmp_path)
    assert list(book.dump()) == [AT_A]
    assert [path.name for path in tmp_path.iterdir()] == ["conn.json"]


@pytest.mark.parametrize("text", ["{", '{"a": {"', "[]", "5", "\xff\xfe", "x" * 100])
async def test_a_damaged_book_is_put_aside_and_named(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "conn.json").write_text(text, encoding="latin-1")
    book, file = opened(tmp_path)
    assert len(book) == 0
    assert "put aside as conn.json.damaged-17" in caplog.text
    assert (tmp_path / "conn.json.damaged-17").read_text(encoding="latin-1") == text
    await file.save()
    assert (tmp_path / "conn.json").read_text() == "{}"


def test_a_book_that_is_too_large_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 10)
    (tmp_path / "conn.json").write_text(" " * 11)
    opened(tmp_path)
    assert (tmp_path / "conn.json.damaged-17").exists()


@pytest.mark.parametrize("text", ["{", "[[", "5", "{}"])
def test_a_damaged_older_table_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "gossip.json").write_text(text)
    book, _ = opened(tmp_path)
    assert len(book) == 0
    assert (tmp_path / "gossip.json").read_text() == text


async def test_what_cannot_be_read_is_not_written_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "conn.json").mkdir()
    book, file = opened(tmp_path)
    book.set(AT_A, {}, 0)
    await file.save()
    assert (tmp_path / "conn.json").is_dir()
    assert "cannot be read" in caplog.text


def test_an_older_table_that_cannot_be_read_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "gossip.json").mkdir()
    book, _ = opened(tmp_path)
    assert len(book) == 0
    assert "cannot be read" in caplog.text


async def test_a_disk_that_takes_nothing_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book, file = opened(tmp_path)
    (tmp_path / "conn.json~").mkdir()
    book.set(AT_A, {}, 0)
    await file.save()
    await file.save()
    assert caplog.text.count("cannot be written") == 1
    (tmp_path / "conn.json~").rmdir()
    await file.save()
    assert AT_A in (tmp_path / "conn.json").read_text()
