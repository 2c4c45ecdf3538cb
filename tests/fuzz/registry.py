"""The targets: for each decoder a function of bytes, the errors it may raise, seeds and tokens.

A module of `tests.fuzz.targets` has `TARGETS`: name -> Target. Both drivers, `test_targets.py` (the suite)
and `__main__.py` (atheris), run a target through `attempt`.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import thread_time

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"

# Inputs of a size that one reading of a socket brings; each must be done within a second.
MAX_BYTES = 64 * 1024
MAX_SECONDS = 1.0


@dataclass(frozen=True)
class Target:
    """`errors` are exact types: a UnicodeDecodeError is no declared ValueError."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    errors: tuple[type[Exception], ...] = ()
    tokens: tuple[bytes, ...] = ()
    max_bytes: int = MAX_BYTES


class TooSlowError(AssertionError):
    """An input keeps a decoder busy for longer than it may."""


def attempt(target: Target, data: bytes, slack: float = 1.0) -> None:
    """Run a target once; whatever it raises beyond its declared errors is a finding."""
    started = thread_time()
    try:
        target.run(data)
    except target.errors as error:
        if type(error) not in target.errors:
            raise
    spent = thread_time() - started
    if spent > MAX_SECONDS * slack:
        raise TooSlowError(f"{spent:.1f} s for {len(data)} bytes")


def load() -> dict[str, Target]:
    """All targets by name."""
    found: dict[str, Target] = {}
    for file in sorted((HERE / "targets").glob("*.py")):
        module = importlib.import_module(f"tests.fuzz.targets.{file.stem}")
        found |= module.TARGETS
    return found


def corpus(name: str) -> list[Path]:
    """The cases that were found before."""
    return sorted((CORPUS / name).glob("*"))
