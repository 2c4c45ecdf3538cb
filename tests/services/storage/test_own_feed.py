"""A feed whose end was lost does not go on."""

from pathlib import Path

import pytest

from common.runtime.errors import StartError
from services.storage.adapters.own_feed import FILE, OwnFeed


def test_what_was_acknowledged_is_known_after_a_start(tmp_path: Path) -> None:
    with OwnFeed(tmp_path) as feed:
        assert feed.lost(0) is None
        for sequence in (1, 3, 2):
            feed.note(sequence)
        assert feed.sequence == 3
    with OwnFeed(tmp_path) as again:
        assert again.lost(3) is None
        assert again.lost(4) is None
        assert "ends at 2, but 3 was published" in (again.lost(2) or "")


@pytest.mark.parametrize("damage", [b"", b"\0" * 7, b"\xff" * 12, b"\xff" * 100])
def test_damaged_file_stops_nobody(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(damage)
    with OwnFeed(tmp_path) as feed:
        assert feed.lost(0) is None
        assert bool(caplog.records) == bool(damage)
        feed.note(7)
    with OwnFeed(tmp_path) as again:
        assert again.sequence == 7


def test_garbage_behind_the_entry_is_not_read(tmp_path: Path) -> None:
    with OwnFeed(tmp_path) as feed:
        feed.note(5)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"garbage")
    with OwnFeed(tmp_path) as again:
        assert again.sequence == 5


def test_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir(parents=True)
    with pytest.raises(StartError, match="cannot be opened"):
        OwnFeed(tmp_path)
