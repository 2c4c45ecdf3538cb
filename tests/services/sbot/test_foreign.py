from pathlib import Path

import pytest

from services.sbot import foreign


@pytest.mark.parametrize("name", ["db", "invites", "blobs_push"])
def test_a_database_with_nothing_in_it_is_no_word_worth(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for empty in ("000003.log", "000005.ldb"):
        (folder / empty).touch()
    (folder / "LOG").write_text("opened")
    assert foreign.left(tmp_path) is None
    (folder / "000003.log").write_bytes(b"row")
    told = foreign.left(tmp_path)
    assert told is not None
    assert told.startswith(f"{tmp_path}: not ours and left as it is: {name} (")


def test_what_is_not_taken_over_is_one_line(tmp_path: Path) -> None:
    for name in ("flume", "db2", "log", "ooo", "node_modules", "identities", "blobs", "ebt"):
        (tmp_path / name).mkdir()
    assert "log of go-sbot" not in (foreign.left(tmp_path) or ""), "a folder `log` may be anybody's"
    (tmp_path / "log" / "data").touch()
    told = foreign.left(tmp_path) or ""
    assert "\n" not in told
    names = [part.partition(" (")[0] for part in told.rpartition("as it is: ")[2].split("), ")]
    assert names == ["flume", "db2", "log", "ooo", "node_modules", "identities"]


def test_what_may_not_be_looked_at_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("a file")
    assert foreign.left(tmp_path) is None


def test_a_new_folder_holds_nobodys_log(tmp_path: Path) -> None:
    assert foreign.other_log(tmp_path) is None
