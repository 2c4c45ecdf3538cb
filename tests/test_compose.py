"""docker-compose.yml says what the documents say of it; tests/interop/test_containers.py runs it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.runtime import settings

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOOR, FIRST = "network", "storage"


def test_every_process_has_a_container() -> None:
    suite = tomllib.loads((ROOT / "config/defaults.toml").read_text())["services"]
    assert set(SERVICES) == set(suite)
    for name, service in SERVICES.items():
        assert f"services.{name}" in " ".join(service["command"]).split()
        assert service["healthcheck"]["test"] == ["CMD", "sbot", "ready", name]


def test_all_find_each_other_over_tcp_with_keys(tmp_path: Path) -> None:
    for service in SERVICES.values():
        given = {k: re.sub(r"\$\{\w+:-(.*)\}", r"\1", v) for k, v in service["environment"].items()}
        found = settings.load([], given, tmp_path, tmp_path)
        assert (found.port, found.ws_port) == (8008, 8989)
        assert {found.endpoint(name) for name in found.processes} == {
            f"tcp://{name}:9000" for name in SERVICES
        }
        assert found.bus_keys == Path("/bus")


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit"} <= set(service)
    assert service["restart"] == "unless-stopped"
    secret = [volume for volume in service["volumes"] if volume.startswith("secret:")]
    reads = [] if name in {"api", "blobs", "replication"} else ["secret:/secret:ro"]
    assert secret == (["secret:/secret"] if name == FIRST else reads)
    assert service["networks"] == (["bus", "outside"] if name == DOOR else ["bus"])
    assert COMPOSE["networks"]["bus"]["internal"]


def test_the_door_opens_last_and_to_this_machine_alone() -> None:
    for name, service in SERVICES.items():
        awaited = {} if name == FIRST else SERVICES if name == DOOR else {FIRST: None}
        assert service.get("depends_on", {}) == {
            other: {"condition": "service_healthy"} for other in awaited if other != name
        }
        assert ("ports" in service) == (name == DOOR)
    assert SERVICES[DOOR]["ports"] == [
        "${SBOT_BIND:-127.0.0.1}:${SBOT_PORT:-8008}:${SBOT_PORT:-8008}",
        "${SBOT_BIND:-127.0.0.1}:${SBOT_WS_PORT:-8989}:${SBOT_WS_PORT:-8989}",
    ]
