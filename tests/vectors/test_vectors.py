"""Every vector file that is here or beside the repository, through its runner."""

from pathlib import Path
from typing import Any

import pytest

from tests.vectors.cases import by_op
from tests.vectors.registry import HERE, SHARED, run_file, runner_of, vector_files


def _found() -> list[tuple[Path, str]]:
    folders = [HERE, SHARED]
    return [(f, p.relative_to(f).as_posix()) for f in folders for p in vector_files(f)]


@pytest.mark.parametrize(
    ("folder", "name"), [pytest.param(f, n, id=f"{f.parent.name}:{n}") for f, n in _found()]
)
def test_vectors_hold(folder: Path, name: str) -> None:
    runner = runner_of(name)
    if runner is None:
        pytest.skip("no runner: this topic isn't built yet")
    outcome = run_file(runner, folder / name)
    assert not outcome.failures, outcome.failures[:5]
    assert outcome.passed


def test_shared_vectors_are_beside_the_repository() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no folder {SHARED}: only the copies in this folder were run")
    assert vector_files(SHARED)


def test_a_malformed_file_is_a_failure(tmp_path: Path) -> None:
    def check(case: dict[str, Any]) -> None:
        assert case["right"]

    runner = by_op({"known": check})
    file = tmp_path / "generated-some.json"
    file.write_text("{")
    assert len(run_file(runner, file).failures) == 1
    file.write_text('{"cases": [null, {"op": 1}, {"op": "known"}, {"op": "known", "right": 1}]}')
    outcome = run_file(runner, file)
    assert (outcome.passed, len(outcome.failures)) == (1, 3)
