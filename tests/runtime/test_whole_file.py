from pathlib import Path

import pytest

from common.runtime.whole_file import put_whole


def test_a_file_is_replaced_whole_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    put_whole(path, b"one")
    put_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]


def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    put_whole(path, b"one")
    (tmp_path / "x.json~").mkdir()
    with pytest.raises(OSError, match=r"x\.json~"):
        put_whole(path, b"two")
    assert path.read_bytes() == b"one"
