from pathlib import Path

import pytest

from common.runtime import own_file, settings
from common.runtime.errors import StartError
from common.runtime.secret import load_or_create
from services.sbot import identity


def test_a_new_folder_gets_an_identity_that_stays(tmp_path: Path) -> None:
    loaded = settings.load(["--path", str(tmp_path)], {}, tmp_path, tmp_path)
    keys = identity.claim(loaded)
    assert own_file.read(tmp_path, keys.id) == (0, None), "a new key may publish at once"
    own_file.move(tmp_path, 0, 5)
    assert identity.claim(loaded) == keys
    assert own_file.read(tmp_path, keys.id) == (5, None)


def test_a_secret_that_was_there_vouches_for_no_log(tmp_path: Path) -> None:
    loaded = settings.load(["--path", str(tmp_path)], {}, tmp_path, tmp_path)
    keys = load_or_create(loaded.secret_path)
    assert identity.claim(loaded) == keys
    assert own_file.read(tmp_path, keys.id) == (0, own_file.UNKNOWN)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    loaded = settings.load(["--path", str(tmp_path)], {}, tmp_path, tmp_path)
    (tmp_path / "scuttlebot").symlink_to("nowhere/at/all")
    with pytest.raises(StartError, match=f"^{tmp_path}/scuttlebot: cannot be made"):
        identity.claim(loaded)


def test_a_lost_secret_is_not_replaced(tmp_path: Path) -> None:
    loaded = settings.load(["--path", str(tmp_path)], {}, tmp_path, tmp_path)
    (tmp_path / "scuttlebot").mkdir()
    with pytest.raises(StartError, match=f"^{tmp_path}/secret: is missing"):
        identity.claim(loaded)
    assert not (tmp_path / "secret").exists()


@pytest.mark.parametrize(
    ("log", "program"),
    [
        ("flume/log.offset", "ssb-server"),
        ("db2/log.bipf", "ssb-db2"),
        ("log/data", "go-sbot"),
        ("secret.toml", "solar"),
    ],
)
def test_a_log_of_another_program_is_not_written_past(
    tmp_path: Path, log: str, program: str
) -> None:
    (tmp_path / log).parent.mkdir(exist_ok=True)
    (tmp_path / log).touch()
    argv = ["--path", str(tmp_path)]
    loaded = settings.load(argv, {}, tmp_path, tmp_path)
    with pytest.raises(StartError, match=f"^{tmp_path}/{log}: is of {program},.*--path$"):
        identity.claim(loaded)
    assert not (tmp_path / "secret").exists()
    keys = identity.claim(settings.load([*argv, "--ignoreOtherLog"], {}, tmp_path, tmp_path))
    assert identity.claim(loaded) == keys
