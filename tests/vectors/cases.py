"""Reading vector files for the runners: `{about, versions, cases: [...]}`, one named check a case."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.vectors.registry import Runner

CaseCheck = Callable[[dict[str, Any]], None]


def read_cases(file: Path) -> list[Any]:
    """The cases of a generated file; lone surrogates stay lone surrogates."""
    cases = json.loads(file.read_text("utf-8"))["cases"]
    if not isinstance(cases, list):
        raise TypeError("cases is no list")
    return cases


def read_single(file: Path) -> dict[str, Any]:
    """A file of a specification that holds one case: `{type, description, input, output}`."""
    case = json.loads(file.read_text("utf-8"))
    if not isinstance(case, dict):
        raise TypeError("the case is no object")
    return case


def each_case(check: CaseCheck) -> Runner:
    """A runner that gives every case of a generated file to one check."""

    def run(file: Path) -> Iterator[tuple[str, Callable[[], None]]]:
        for n, case in enumerate(read_cases(file)):
            yield _name(n, case), partial(check, case)

    return run


def by_op(checks: dict[str, CaseCheck]) -> Runner:
    """A runner that picks the check of a case by its `op`; an unknown op fails."""

    def check(case: dict[str, Any]) -> None:
        checks[case["op"]](case)

    return each_case(check)


def _name(n: int, case: object) -> str:
    if isinstance(case, dict):
        for key in ("op", "name", "kind"):
            if isinstance(case.get(key), str):
                return f"{n} {case[key]}"
    return str(n)
