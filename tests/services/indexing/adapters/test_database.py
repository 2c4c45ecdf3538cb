"""The files of the views: thrown away when they are damaged, never when they are in use."""

from pathlib import Path

import pytest

from common.runtime import derived
from common.runtime.errors import NotNow, StartError
from common.store import Batch, StoreFull, open_rocks
from services.indexing.adapters.database import FOLDER, open_views


def write(data: Path) -> None:
    views = open_views(data)
    batch = Batch()
    batch.put("meta", b"k", b"v")
    views.write(batch, sync=True)
    views.close()


def test_damaged_views_are_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path)
    (tmp_path / FOLDER / "CURRENT").unlink()
    views = open_views(tmp_path)
    assert views.get("meta", b"k") is None
    views.close()
    assert "folded again" in caplog.text


def test_views_of_an_older_layout_are_begun_anew(tmp_path: Path) -> None:
    old = open_rocks(tmp_path / FOLDER, ["meta", "types", "times", "contacts"])
    batch = Batch()
    batch.put("meta", b"types", b"old")
    batch.put("types", b"k", b"v")
    old.write(batch, sync=True)
    old.close()
    views = open_views(tmp_path)
    assert views.get("meta", b"types") is None
    views.close()
    again = open_views(tmp_path)
    again.close()


def test_views_in_use_stop_the_start(tmp_path: Path) -> None:
    held = open_views(tmp_path)
    with pytest.raises(StartError, match="in use"):
        open_views(tmp_path)
    held.close()


def test_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER.parent).write_text("")
    with pytest.raises(StartError, match="Not a directory"):
        open_views(tmp_path)


def test_full_disk_is_no_reason_to_give_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(derived, "open_rocks", full)
    with pytest.raises(NotNow, match="no room"):
        open_views(tmp_path)
