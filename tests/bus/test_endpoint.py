"""Folders that are safe, names that are held."""

import os
from pathlib import Path

import pytest

from common.bus.endpoint import Claim, binding, is_tcp, prepare
from common.bus.errors import EndpointError


def test_folder_is_made_private(tmp_path: Path) -> None:
    path = prepare(f"ipc://{tmp_path}/a/b/service")
    assert path == tmp_path / "a/b/service"
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert prepare(f"ipc://{path}") == path


def test_inproc_needs_no_folder() -> None:
    assert prepare("inproc://storage") is None


@pytest.mark.parametrize("mode", [0o710, 0o701, 0o755, 0o777])
def test_folder_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(EndpointError, match=f"mode {mode:04o}"):
        prepare(f"ipc://{tmp_path}/service")


def test_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(EndpointError, match="belongs to user"):
        prepare(f"ipc://{tmp_path}/service")


def test_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(EndpointError, match="not a folder"):
        prepare(f"ipc://{tmp_path}/link/service")


def test_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EndpointError, match="file"):
        prepare(f"ipc://{tmp_path}/file/service")


def test_tcp_has_an_address() -> None:
    assert prepare("tcp://127.0.0.1:9001") is None
    assert is_tcp("tcp://127.0.0.1:9001")
    assert not is_tcp("ipc:///run/tcp")


@pytest.mark.parametrize(
    ("endpoint", "bound"),
    [
        ("tcp://127.0.0.1:9001", "tcp://127.0.0.1:9001"),
        ("tcp://[::1]:9001", "tcp://[::1]:9001"),
        ("tcp://storage:9001", "tcp://*:9001"),
        ("tcp://a.example.org:9001", "tcp://*:9001"),
        ("ipc:///run/sbot/storage", "ipc:///run/sbot/storage"),
        ("inproc://storage", "inproc://storage"),
    ],
)
def test_a_name_is_for_those_who_call(endpoint: str, bound: str) -> None:
    assert binding(endpoint) == bound


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp://127.0.0.1",
        "tcp://a b:1",
        "ipc://relative",
        "ipc://@abstract",
        "inproc://",
        "",
        "ipc:///" + "x" * 107,
    ],
)
def test_other_endpoints_are_refused(endpoint: str) -> None:
    with pytest.raises(EndpointError):
        prepare(endpoint)


def test_name_is_held_once(tmp_path: Path) -> None:
    claim = Claim(tmp_path / "service")
    with pytest.raises(EndpointError, match="another service"):
        Claim(tmp_path / "service")
    claim.release()
    Claim(tmp_path / "service").release()
