import resource
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutations, repetitions
from tests.fuzz.registry import CORPUS, Target, attempt, corpus, load

N_MUTATIONS = 300
N_EXAMPLES = 50
MAX_GROWTH_KB = 256 * 1024

TARGETS = load()
BY_NAME = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
CASES = [(name, file) for name in TARGETS for file in corpus(name)]


def test_every_corpus_belongs_to_a_target() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} <= set(TARGETS)


@pytest.mark.parametrize(
    ("name", "file"), CASES, ids=[f"{name}/{file.name}" for name, file in CASES]
)
def test_what_was_found_before_stays_repaired(name: str, file: Path) -> None:
    attempt(TARGETS[name], file.read_bytes())


@BY_NAME
def test_seeds_and_their_mutations(target: Target) -> None:
    for data in (*target.seeds(), *mutations(target, N_MUTATIONS)):
        attempt(target, data)


@BY_NAME
def test_repetitions_cost_no_more_than_their_length(target: Target) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in repetitions(target):
        attempt(target, data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MAX_GROWTH_KB


@BY_NAME
def test_any_bytes(target: Target) -> None:
    @settings(max_examples=N_EXAMPLES, derandomize=True, database=None)
    @given(st.binary(max_size=512))
    def run(data: bytes) -> None:
        attempt(target, data)

    run()
