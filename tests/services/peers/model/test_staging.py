"""Addresses that were noticed: bounded, and with a memory of failures."""

import pytest

from services.peers.model import staging as module
from services.peers.model.staging import Staging


def test_one_more_pushes_out_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STAGED", 2)
    staging = Staging()
    for n in range(4):
        assert staging.stage(f"net:a:{n}", {}, n)
    assert [entry.address for entry in staging] == ["net:a:2", "net:a:3"]
    assert staging.past("net:a:1") is not None
    staging.unstage("net:a:2")
    assert staging.past("net:a:0") is None


def test_staging_again_refreshes() -> None:
    staging = Staging()
    assert staging.stage("net:a:1", {"type": "lan"}, 1)
    assert not staging.stage("net:a:1", {"note": "x"}, 5)
    entry = staging.get("net:a:1")
    assert entry is not None
    assert entry.data == {"stagingBirth": 1, "stagingUpdated": 5, "type": "lan", "note": "x"}
    assert staging.unstage("net:b:1") is None
