"""Which runner takes which vector file, and what running it gives.

A topic is a module of `tests.vectors.runners` with `RUNNERS`: glob of the path relative to the folder of
vectors -> function that yields (name of case, check). A check raises when the case fails.
"""

import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

Check = Callable[[], None]
Runner = Callable[[Path], Iterator[tuple[str, Check]]]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SHARED = Path(os.environ.get("SHARED", ROOT.parent / "shared")) / "vectors"
_NOT_VECTORS = {".py", ".pyc", ".md", ".js"}


@dataclass
class Outcome:
    passed: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


def vector_files(folder: Path) -> list[Path]:
    """Every file of a folder of vectors, in the order of the names."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in _NOT_VECTORS)


def runner_of(name: str) -> Runner | None:
    """The runner of a file by its path relative to the folder of vectors, None when not covered."""
    for module_file in sorted((HERE / "runners").glob("*.py")):
        module = importlib.import_module(f"tests.vectors.runners.{module_file.stem}")
        runners: dict[str, Runner] = module.RUNNERS
        for pattern, runner in runners.items():
            if fnmatchcase(name, pattern):
                return runner
    return None


def run_file(runner: Runner, file: Path) -> Outcome:
    """Runs every case; a case or file that cannot even be read is a failure, never a crash."""
    outcome = Outcome()
    try:
        for case, check in runner(file):
            try:
                check()
            except Exception as error:  # noqa: BLE001  a malformed case is a failed case
                outcome.failures.append((case, _reason(error)))
            else:
                outcome.passed += 1
    except Exception as error:  # noqa: BLE001  a malformed file is a failed case
        outcome.failures.append(("(the file)", _reason(error)))
    return outcome


def _reason(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".encode("ascii", "backslashreplace")
    return " ".join(text.decode("ascii").split())
