"""Fixtures for tests beside real peers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.driver import PEERS
from tests.support.node_packages import install, require_node


@pytest.fixture(scope="session")
def peers() -> Path:
    """The folder of the real peers, installed; skips where Node is missing."""
    require_node()
    install(PEERS)
    return PEERS


@pytest.fixture
def folder(peers: Path) -> Iterator[Path]:
    """A folder for servers with a path short enough for unix sockets."""
    assert peers
    with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as name:
        yield Path(name)
