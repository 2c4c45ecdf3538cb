"""query/generated-answers.json: what the plugins of ssb-server answer over a log, asked of the service `indexing`."""

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from common.bus import BusError
from tests.support.indexing_suite import IDS, Suite, indexing
from tests.vectors.registry import Runner

_NAMES = {"query": "query.read", "links2": "links2.read", "backlinks": "backlinks.read"}


def _run(file: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    recorded = json.loads(file.read_text())
    answers = asyncio.run(_answers(recorded))
    for n, (case, answer) in enumerate(zip(recorded["cases"], answers, strict=True)):
        yield f"{n} {case['name']}", partial(_check, case, answer)


async def _answers(recorded: dict[str, Any]) -> list[Any]:
    async with indexing() as suite:
        for one in recorded["log"]:
            value = one["value"]
            author = IDS.index(value["author"])
            key = suite.storage.add(author, value["content"], value["timestamp"])
            assert key == one["key"]
        await suite.folded()
        return [await _answer(suite, case) for case in recorded["cases"]]


async def _answer(suite: Suite, case: dict[str, Any]) -> Any:
    try:
        return await suite.items(_NAMES[case["name"]], case["opts"])
    except BusError as error:
        return f"{error.fault}: {error}"


def _check(case: dict[str, Any], answer: Any) -> None:
    if "error" in case:
        assert isinstance(answer, str), f"no error: {answer}"
        assert answer.startswith("caller: "), answer
        return
    assert isinstance(answer, list), answer
    if all(isinstance(one, dict) and one.get("key") and one.get("value") for one in answer):
        answer = [
            [one["key"], one.get("dest"), one.get("rts")]
            for one in answer  # as the vectors have it
        ]
    assert answer == case["out"]


RUNNERS: dict[str, Runner] = {"query/generated-answers.json": _run}
