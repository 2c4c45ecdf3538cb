"""Which file a file is: what is done to it in place leaves it the same, a copy is another."""

import ctypes
import os
import shutil
from pathlib import Path

import pytest

from common.runtime import birth
from common.runtime.birth import Birth, birth_of


def born(path: Path) -> Birth:
    with path.open("rb") as file:
        return birth_of(file.fileno())


@pytest.mark.parametrize("tells", [True, False], ids=["born", "inode"])
def test_changes_in_place_leave_it_and_copies_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tells: bool
) -> None:
    if not tells:
        monkeypatch.setattr(birth, "_born", lambda _: 0)
    path = tmp_path / "a"
    path.write_text("a")
    first = born(path)
    path.write_text("changed")
    path.chmod(0o600)
    os.utime(path, (1, 1))
    path = path.rename(tmp_path / "b")
    assert born(path).is_same(first)
    assert not born(Path(shutil.copy2(path, tmp_path / "c"))).is_same(first)


def test_birth_counts_more_than_an_inode_that_is_used_again() -> None:
    assert not Birth(1, 5).is_same(Birth(1, 6))
    assert Birth(1, 5).is_same(Birth(2, 5))
    assert Birth(1, 0).is_same(Birth(1, 6))
    assert not Birth(1, 0).is_same(Birth(2, 6))


def test_system_that_does_not_tell_the_birth_is_told_by_inode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    for library in (object(), Library(fails=True), Library(fails=False)):
        monkeypatch.setattr(ctypes, "CDLL", lambda _, found=library: found)
        assert born(tmp_path / "a") == Birth((tmp_path / "a").stat().st_ino, 0)


class Library:
    """A C library whose `statx` fails, or says that it knows nothing."""

    def __init__(self, *, fails: bool) -> None:
        self._fails = fails

    def statx(self, *_: object) -> int:
        return -1 if self._fails else 0
