"""The file that remembers how far our feed was acknowledged: it notices copies, and nothing else."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from common.runtime import own_file
from common.runtime.errors import StartError
from common.runtime.own_file import COPIED, FOLDER, OTHER_KEY, UNKNOWN, Found, begin, move, read

FEED = "@a"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def names(data: Path) -> list[str]:
    return sorted(path.name for path in (data / FOLDER).iterdir())


def test_what_is_noted_is_read_again(data: Path) -> None:
    assert read(data, FEED) == Found(0, UNKNOWN)
    begin(data, FEED, 0)
    assert read(data, FEED) == Found(0, None)
    move(data, 0, 5)
    move(data, 5, 17)
    assert read(data, FEED) == Found(17, None)
    assert names(data) == ["own.17"]


def test_beginning_anew_takes_the_place_of_all(data: Path) -> None:
    for sequence in (7, 3, 3):
        begin(data, FEED, sequence)
        assert names(data) == [f"own.{sequence}"]
    begin(data, FEED, 4, "it is behind")
    assert read(data, FEED) == Found(4, "it is behind")


def test_in_place_is_no_copy(data: Path) -> None:
    begin(data, FEED, 3)
    for path in data.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1, 1))
    moved = data.rename(data.with_name("moved"))
    assert read(moved, FEED) == Found(3, None)


@pytest.mark.parametrize(
    "command",
    ["cp -a data back", "mkdir back && tar -C data -cf - . | tar -C back -xf -"],
    ids=["cp", "tar"],
)
def test_copy_is_noticed(data: Path, command: str) -> None:
    begin(data, FEED, 3)
    subprocess.run(command, shell=True, check=True, cwd=data.parent)
    assert read(data.parent / "back", FEED) == Found(3, COPIED)
    assert read(data, FEED) == Found(3, None)
    shutil.rmtree(data)
    subprocess.run("mv back data", shell=True, check=True, cwd=data.parent)
    assert read(data, FEED) == Found(3, COPIED)


def test_old_copy_put_over_the_folder_is_noticed(data: Path) -> None:
    begin(data, FEED, 3)
    subprocess.run("cp -a data back", shell=True, check=True, cwd=data.parent)
    move(data, 3, 9)
    subprocess.run("cp -a back/. data", shell=True, check=True, cwd=data.parent)
    assert read(data, FEED) == Found(9, COPIED)
    begin(data, FEED, 9)
    assert read(data, FEED) == Found(9, None)


def test_file_of_another_key_says_nothing(data: Path) -> None:
    begin(data, FEED, 3)
    assert read(data, "@b") == Found(0, OTHER_KEY)


def test_two_files_are_one_too_many(data: Path) -> None:
    begin(data, FEED, 3)
    os.link(data / FOLDER / "own.3", data / FOLDER / "own.8")
    assert read(data, FEED) == Found(8, COPIED)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b"{}", b'{"inode": "x"}', b"[" * 4096, b'{"inode": null, "born": 1}'],
)
def test_damage_is_doubt(data: Path, content: bytes) -> None:
    begin(data, FEED, 3)
    path = data / FOLDER / "own.3"
    path.write_bytes(content)
    assert read(data, FEED) == Found(3, f"{path} is damaged")


def test_content_says_whose_and_which(data: Path) -> None:
    begin(data, FEED, 3)
    path = data / FOLDER / "own.3"
    content = json.loads(path.read_bytes())
    assert (content["feed"], content["inode"]) == (FEED, path.stat().st_ino)
    assert path.stat().st_mode & 0o777 == 0o600


def test_folder_that_is_none_is_told(data: Path) -> None:
    (data / FOLDER).write_text("a file")
    with pytest.raises(StartError, match="cannot be read"):
        read(data, FEED)
    with pytest.raises(OSError, match="exists"):
        begin(data, FEED, 3)


def test_what_cannot_be_kept_is_raised(data: Path) -> None:
    begin(data, FEED, 3)
    with pytest.raises(OSError, match="No such file"):
        move(data, 4, 5)
    assert own_file.read(data, FEED) == Found(3, None)
