"""The chance of tests that kill: said, so that it can be given again."""

import os
import random

import pytest


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("SBOT_SEED", random.randrange(1 << 32)))
    print(f"SBOT_SEED={chosen}")
    return chosen
