"""Ports that several workers are going to share."""

import json
import socket
from pathlib import Path

import pytest

from common.runtime.errors import StartError
from common.runtime.settings import Settings, load
from services.sbot.ports import settle


def settings(tmp: Path, *argv: str, workers: int = 2) -> Settings:
    flags = ("--host", "127.0.0.1", "--ws.port", "0", "--workers.network", str(workers))
    return load([*flags, *argv], {}, tmp, tmp)


def test_a_port_of_the_systems_choice_is_the_same_for_all(tmp_path: Path) -> None:
    found = settle(settings(tmp_path, "--port", "0"))
    (net,), (ws,) = found.connections_incoming["net"], found.connections_incoming["ws"]
    assert net.port > 0
    assert ws.port not in (0, net.port)
    assert net.scope == ("device", "local", "public")
    assert found.connections_incoming["unix"][0].transform == "noauth"
    again = settle(found)
    assert again.connections_incoming == found.connections_incoming


def test_places_without_a_port_share_the_first_ones(tmp_path: Path) -> None:
    places = [{"host": host, "port": 0} for host in ("127.0.0.1", "127.0.0.2")]
    config = tmp_path / "config"
    config.write_text(json.dumps({"connections": {"incoming": {"net": places}}}))
    found = settle(settings(tmp_path, "--config", str(config)))
    one, two = found.connections_incoming["net"]
    assert one.port == two.port > 0


def test_a_port_that_is_taken_ends_the_start(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"cannot listen on 127.0.0.1:{port}: "):
            settle(settings(tmp_path, "--port", str(port)))


def test_one_worker_finds_out_by_itself(tmp_path: Path) -> None:
    loaded = settings(tmp_path, "--port", "0", workers=1)
    assert settle(loaded) is loaded
