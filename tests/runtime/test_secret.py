import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.crypto.keys import generate
from common.crypto.secret_file import render
from common.runtime import secret
from common.runtime.errors import StartError


def test_a_missing_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    keys = secret.load_or_create(path)
    assert secret.load(path) == secret.load_or_create(path) == keys
    assert path.read_text() == render(keys)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_loading_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with pytest.raises(StartError, match=f"{path}: there is no such file"):
        secret.load(path)
    assert not path.exists()


def test_two_starts_agree_on_one_identity(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: secret.load_or_create(path).id, range(8)))
    assert found == {secret.load(path).id}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"x" * 100_000, render(generate(bytes(32)))[:-300].encode()]
)
def test_a_damaged_file_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    for read in (secret.load, secret.load_or_create):
        with pytest.raises(StartError, match=f"{path}: is ") as caught:
            read(path)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=f"{tmp_path}: cannot be read: Is a directory"):
        secret.load_or_create(tmp_path)


def test_what_cannot_be_made_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(StartError, match=f"{path}: there is no such file"):
        secret.load_or_create(path)
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot be"):
        secret.load_or_create(tmp_path / "file" / "secret")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StartError, match="cannot be made: No space left on device"):
        secret.load_or_create(tmp_path / "secret")
    assert not list(tmp_path.iterdir())


def test_whose_server_it_is_can_be_told_without_the_secret(tmp_path: Path) -> None:
    path, own = tmp_path / "secret", generate(bytes(32)).id
    with pytest.raises(StartError, match=f"^{path}: there is no such file, and no "):
        secret.own_id(path, tmp_path)
    secret.tell_id(tmp_path, own)
    assert secret.own_id(path, tmp_path) == own
    mine = secret.load_or_create(path)
    assert secret.own_id(path, tmp_path) == mine.id, "the secret itself knows best"
    secret.tell_id(tmp_path, mine.id)
    assert (tmp_path / "scuttlebot/id").read_text() == f"{mine.id}\n"


@pytest.mark.parametrize("content", [b"", b"\xff", b"@x.ed25519", b"y" * 100_000])
def test_a_damaged_id_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scuttlebot").mkdir()
    (tmp_path / "scuttlebot/id").write_bytes(content)
    with pytest.raises(StartError, match=f"^{tmp_path}/scuttlebot/id: is damaged"):
        secret.own_id(tmp_path / "secret", tmp_path)


def test_an_id_that_cannot_be_written_or_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "scuttlebot").touch()
    with pytest.raises(StartError, match=f"^{tmp_path}/scuttlebot/id: cannot be written"):
        secret.tell_id(tmp_path, generate(bytes(32)).id)
    with pytest.raises(StartError, match=f"^{tmp_path}/scuttlebot/id: cannot be read"):
        secret.own_id(tmp_path / "secret", tmp_path)
