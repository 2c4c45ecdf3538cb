from pathlib import Path

import pytest

from common.runtime import settings
from common.runtime.errors import StartError
from services.sbot import identity


def test_a_new_folder_gets_an_identity_that_stays(tmp_path: Path) -> None:
    loaded = settings.load(["--path", str(tmp_path)], {}, tmp_path, tmp_path)
    keys = identity.claim(loaded)
    (tmp_path / "scuttlebot").mkdir()
    assert identity.claim(loaded) == keys


def test_a_lost_secret_is_not_replaced(tmp_path: Path) -> None:
    loaded = settings.load(["--path", str(tmp_path)], {}, tmp_path, tmp_path)
    (tmp_path / "scuttlebot").mkdir()
    with pytest.raises(StartError, match=f"^{tmp_path}/secret: is missing"):
        identity.claim(loaded)
    assert not (tmp_path / "secret").exists()


def test_a_log_of_ssb_server_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "flume").mkdir()
    identity.claim(settings.load(["--path", str(tmp_path)], {}, tmp_path, tmp_path))
    assert "flume holds a log of ssb-server" in capsys.readouterr().err
