"""Which index answers after a start."""

from pathlib import Path

import pytest

from common.runtime.errors import StartError
from services.indexing.adapters.fulltext import Fulltext
from services.indexing.adapters.generations import FOLDER, Generations
from services.indexing.model.words import Entry


def made(data: Path, number: int, *, answers: bool = False, version: int = 1) -> Path:
    folder = data / FOLDER / str(number)
    index = Fulltext(folder)
    index.state = index.state._replace(version=version)
    index.add([Entry(1, frozenset(["hello"]), 1.0, 1)], number, "")
    index.commit(answers=answers)
    index.close()
    return folder


def opened(data: Path) -> list[str]:
    live, built = Generations(data).open()
    found = [one for one in (live, built) if one is not None]
    for one in found:
        one.close()
    assert {one.folder for one in found} == set((data / FOLDER).iterdir())
    return [one.folder.name for one in found]


def test_an_empty_folder_begins_with_one(tmp_path: Path) -> None:
    assert opened(tmp_path) == ["1"]


def test_the_newest_that_answers_does_and_a_newer_one_is_built(tmp_path: Path) -> None:
    made(tmp_path, 1, answers=True)
    made(tmp_path, 2, answers=True)
    made(tmp_path, 3)
    made(tmp_path, 4)
    assert opened(tmp_path) == ["2", "4"]


def test_one_that_is_only_built_answers_where_there_is_no_other(tmp_path: Path) -> None:
    made(tmp_path, 1)
    assert opened(tmp_path) == ["1"]


def test_other_versions_and_damaged_ones_are_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made(tmp_path, 1, answers=True, version=9)
    (made(tmp_path, 2, answers=True) / "meta.json").write_text("{")
    assert len(opened(tmp_path)) == 1
    assert "built anew from the log" in caplog.text


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER.parent).write_text("")
    with pytest.raises(StartError, match="Not a directory"):
        Generations(tmp_path).open()
