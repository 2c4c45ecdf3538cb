"""`python -m tests.vectors DIR`: every vector file below DIR against this implementation."""

import sys
from pathlib import Path

from tests.vectors.registry import run_file, runner_of, vector_files

_SHOWN = 5  # failing cases named for each file
_REASON_CHARACTERS = 300


def main(folder: Path) -> int:
    passed = failed = 0
    for file in vector_files(folder):
        name = file.relative_to(folder).as_posix()
        runner = runner_of(name)
        if runner is None:
            print(f"{name}: not covered")
            continue
        outcome = run_file(runner, file)
        print(f"{name}: {outcome.passed} passed, {len(outcome.failures)} failed", flush=True)
        for case, reason in outcome.failures[:_SHOWN]:
            print(f"  {case}: {reason[:_REASON_CHARACTERS]}")
        passed += outcome.passed
        failed += len(outcome.failures)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m tests.vectors DIR")
    sys.exit(main(Path(sys.argv[1])))
