"""A thousand worlds in which nearly everything goes wrong, and every one ends well."""

import os
import subprocess
import sys

import pytest

from tests.simulation.run import run

CHUNK = 40


@pytest.mark.parametrize("first", range(0, 1_000, CHUNK))
def test_honest_peers_end_equal(first: int) -> None:
    for seed in range(first, first + CHUNK):
        outcome = run(seed)
        again = f"python -m tests.simulation {seed}"
        assert not outcome.complaints, f"{again}  # {outcome.plan}: {outcome.complaints[:5]}"


def test_a_seed_plays_the_same_whatever_the_hashes_of_texts_are() -> None:
    command = [sys.executable, "-m", "tests.simulation", "39"]
    plays = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": hashes}, capture_output=True, check=True
        ).stdout
        for hashes in ("1", "2", "3")
    }
    assert len(plays) == 1
