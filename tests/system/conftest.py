"""A folder with a short name for a suite; and the chance of tests that kill: said, so that it can be given again."""

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sb-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("SBOT_SEED", random.randrange(1 << 32)))
    print(f"SBOT_SEED={chosen}")
    return chosen
