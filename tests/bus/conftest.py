"""A private folder for the sockets of one test."""

from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def endpoints() -> Iterator[Callable[[str], str]]:
    with TemporaryDirectory(prefix="bus-") as folder:
        yield lambda service: f"ipc://{folder}/run/{service}"
