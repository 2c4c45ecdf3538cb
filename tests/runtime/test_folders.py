import stat
from pathlib import Path

import pytest

from common.runtime import folders, settings
from common.runtime.errors import StartError


def test_folders_are_made_for_us_alone(tmp_path: Path) -> None:
    found = settings.load(["--path", str(tmp_path / "a/b")], {}, tmp_path, tmp_path)
    folders.prepare(found)
    found.bus_dir.chmod(0o755)
    folders.prepare(found)
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(found.bus_dir.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_or_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = settings.load(["--path", str(tmp_path / "file/x")], {}, tmp_path, tmp_path)
    with pytest.raises(StartError, match="file/x: cannot be made"):
        folders.prepare(found)
    (tmp_path / "link").symlink_to(tmp_path)
    argv = ["--path", str(tmp_path / "a"), "--bus.dir", str(tmp_path / "link")]
    with pytest.raises(StartError, match="link: is not a folder of our own"):
        folders.prepare(settings.load(argv, {}, tmp_path, tmp_path))
