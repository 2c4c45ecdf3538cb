"""Key files: made once, read with suspicion."""

import os
from pathlib import Path

import pytest
import zmq

from common.bus import KeysError
from common.bus.keyring import make, read
from common.runtime.errors import StartError


def test_made_keys_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert make(folder, ["storage", "api"]) == ["storage", "api"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "storage.key").stat().st_mode & 0o777 == 0o600
    storage, api = read(folder, "storage"), read(folder, "api")
    assert zmq.curve_public(storage.secret) == storage.public == api.public_of("storage")
    assert storage.known == api.known
    assert storage.secret.decode() not in repr(storage)


def test_keys_that_are_there_stay(tmp_path: Path) -> None:
    make(tmp_path, ["storage"])
    before = read(tmp_path, "storage")
    (tmp_path / "storage.pub").unlink()
    assert make(tmp_path, ["storage", "api"]) == ["api"]
    assert read(tmp_path, "storage").secret == before.secret
    assert read(tmp_path, "api").public_of("storage") == before.public


def test_a_name_may_be_unknown(tmp_path: Path) -> None:
    make(tmp_path, ["storage"])
    with pytest.raises(StartError, match=r"api\.pub: there is no such file"):
        read(tmp_path, "storage").public_of("api")


def test_name_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="is no name"):
        make(tmp_path, ["../storage"])


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match=r"storage\.key: cannot be read: No such file"):
        read(tmp_path, "storage")


@pytest.mark.parametrize("text", [b"", b"short", b"x" * 41, b"\xff" * 40, b"~" * 40, b"#" * 40])
def test_what_is_no_key_is_named(tmp_path: Path, text: bytes) -> None:
    make(tmp_path, ["storage"])
    (tmp_path / "friend.pub").write_bytes(text)
    with pytest.raises(KeysError, match=r"friend\.pub: is no key"):
        read(tmp_path, "storage")
    (tmp_path / "friend.pub").unlink()
    (tmp_path / "storage.key").write_bytes(text)
    with pytest.raises(KeysError, match=r"storage\.key: is no key"):
        read(tmp_path, "storage")
    with pytest.raises(KeysError, match=r"storage\.key: is no key"):
        make(tmp_path, ["storage"])


def test_secret_open_to_others_is_refused(tmp_path: Path) -> None:
    make(tmp_path, ["storage"])
    (tmp_path / "storage.key").chmod(0o640)
    with pytest.raises(KeysError, match="mode 0640"):
        read(tmp_path, "storage")


def test_halves_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    make(tmp_path, ["storage", "api"])
    os.replace(tmp_path / "api.pub", tmp_path / "storage.pub")  # noqa: PTH105  replaces
    with pytest.raises(KeysError, match="not the public half"):
        read(tmp_path, "storage")


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeysError, match=r"file.*: cannot be made"):
        make(tmp_path / "file" / "keys", ["storage"])
    (tmp_path / "keys" / "x.pub").mkdir(parents=True)
    make(tmp_path / "keys", ["storage"])
    with pytest.raises(KeysError, match=r"x\.pub: cannot be read"):
        read(tmp_path / "keys", "storage")
