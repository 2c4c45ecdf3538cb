"""The folder of blobs: whole files under their hash, or nothing."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from common.refs.ids import blob_id
from services.blobs.adapters.files import EMPTY, Folder, WrongHash

DATA = b"hello" * 50_000
BLOB = blob_id(sha256(DATA).digest())


def add(folder: Folder, data: bytes) -> str:
    arrival = folder.receive()
    for at in range(0, len(data), 65_536):
        arrival.write(data[at : at + 65_536])
    return arrival.finish()


def test_a_blob_lies_where_multiblob_looks_for_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert add(folder, DATA) == BLOB
    name = sha256(DATA).hexdigest()
    assert (tmp_path / "sha256" / name[:2] / name[2:]).read_bytes() == DATA
    assert folder.size(BLOB) == len(DATA)
    assert [blob for shelf in folder.shelves() for blob in shelf] == [BLOB]
    assert not list((tmp_path / "tmp").iterdir())
    descriptor = folder.open(BLOB)
    assert descriptor is not None
    assert os.pread(descriptor, 5, 5) == b"hello"
    os.close(descriptor)


def test_what_is_not_finished_is_never_seen(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    lost, discarded = folder.receive(), folder.receive()
    lost.write(DATA)
    discarded.write(DATA)
    discarded.discard()
    discarded.discard()
    assert folder.meta(BLOB) is None
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    Folder(tmp_path)
    assert not list((tmp_path / "tmp").iterdir())
    assert list(folder.shelves()) == []
    lost.discard()


def test_another_blob_than_the_expected_one_is_not_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    arrival = folder.receive()
    arrival.write(b"x")
    with pytest.raises(WrongHash, match="did not match expected id"):
        arrival.finish(BLOB)
    arrival.discard()
    assert list(folder.shelves()) == []
    assert folder.open(BLOB) is None


def test_the_empty_blob_is_everywhere(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.size(EMPTY) == 0
    assert add(folder, b"") == EMPTY
    assert list(folder.shelves()) == []


def test_a_blob_may_be_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    add(folder, DATA)
    assert folder.remove(BLOB)
    assert not folder.remove(BLOB)
    assert folder.size(BLOB) is None


def test_strange_files_are_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = Folder(tmp_path)
    add(folder, DATA)
    (tmp_path / "sha256" / "readme").write_text("")
    (tmp_path / "sha256" / "ab").write_text("a file where a folder should be")
    (tmp_path / "sha256" / "00").mkdir()
    (tmp_path / "sha256" / "00" / "short").write_text("")
    assert [blob for shelf in folder.shelves() for blob in shelf] == [BLOB]
    assert "cannot be listed" in caplog.text
