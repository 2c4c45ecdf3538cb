from pathlib import Path

import pytest

from services.sbot import foreign

FOUND = {
    "flume": "log.offset",
    "db2": "log.bipf",
    "log": "data",
    "db": "000003.log",
    "invites": "000005.ldb",
    "blobs_push": "000003.log",
    "ooo": "log.offset",
    "node_modules": "ssb-viewer",
    "identities": "secret_00.butt",
}


@pytest.mark.parametrize(("name", "file"), FOUND.items())
def test_what_was_made_but_holds_nothing_is_no_word_worth(
    tmp_path: Path, name: str, file: str
) -> None:
    assert foreign.left(tmp_path) is None
    (tmp_path / name).mkdir()
    (tmp_path / name / file).touch()
    assert foreign.left(tmp_path) is None
    (tmp_path / name / file).write_bytes(b"row")
    told = foreign.left(tmp_path) or ""
    assert told.startswith(f"{tmp_path}: not ours and left as it is: {name} (")


def test_the_log_file_of_a_database_holds_no_rows(tmp_path: Path) -> None:
    (tmp_path / "invites").mkdir()
    (tmp_path / "invites" / "LOG").write_text("opened")
    assert foreign.left(tmp_path) is None


def test_all_that_is_left_is_one_line(tmp_path: Path) -> None:
    for name, file in FOUND.items():
        (tmp_path / name / file).mkdir(parents=True)
    told = foreign.left(tmp_path) or ""
    assert "\n" not in told
    names = [part.partition(" (")[0] for part in told.rpartition("as it is: ")[2].split("), ")]
    assert names == list(FOUND)


def test_folders_of_other_names_are_nobodys(tmp_path: Path) -> None:
    for name in ("blobs", "ebt", "log", "scuttlebot"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("x")
    (tmp_path / "db").write_text("a file")
    assert foreign.left(tmp_path) is None
    assert foreign.other_log(tmp_path) is None
