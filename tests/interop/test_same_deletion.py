"""Private messages opened, the raw log, and what is left after deleting: the same answers as a real ssb-server with ssb-db 20.4.1."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.asking import PATIENCE_MS, Answer, Asker, Question
from tests.support.pair import Side, make_data, pair
from tests.support.servers import SHS

pytestmark = [pytest.mark.interop, pytest.mark.timeout(240)]
NAMES = (
    "get",
    "del",
    "getFeedState",
    "getVectorClock",
    "latestSequence",
    "createLogStream",
    "createUserStream",
    "createRawLogStream",
)
NOWHERE = "%" + "B" * 42 + "A=.sha256"
NOBODY = "@" + "B" * 42 + "A=.ed25519"


def source(name: str, **options: Any) -> Question:
    return Question(name, [options], "source")


def questions(data: dict[str, Any]) -> list[Question]:
    """What changes nothing."""
    keys = [message["key"] for message in data["messages"]]
    feeds = list(dict.fromkeys(message["value"]["author"] for message in data["messages"]))
    strange: list[Any] = [NOBODY, "x", None]
    asked = [Question("getFeedState", [one]) for one in (*feeds, *strange)]
    for key in keys:
        asked += [
            Question("get", [{"id": key, "private": True, "meta": True}]),
            Question("get", [f"{key}?unbox=AAAA"]),
        ]
    asked += [source("createUserStream", id=one, private=True) for one in feeds]
    asked += [
        source("createLogStream", private=True),
        source("createLogStream", private=True, keys=False, limit=7, reverse=True),
        source("createRawLogStream"),
        source("createRawLogStream", reverse=True, limit=3),
    ]
    return asked


def deletions(data: dict[str, Any]) -> list[Question]:
    """One after the other, with looks at what is left."""
    feeds: dict[str, list[str]] = {}
    for message in data["messages"]:
        feeds.setdefault(message["value"]["author"], []).append(message["key"])
    whole, holed = sorted(feeds, key=lambda feed: len(feeds[feed]))[-2:]
    gone = feeds[holed][len(feeds[holed]) // 2]
    left = [
        source("createUserStream", id=holed),
        source("createUserStream", id=holed, limit=len(feeds[holed]) // 2 + 1, values=False),
        source("createLogStream", values=False),
        source("createUserStream", id=whole),
        Question("latestSequence", [holed]),
        Question("getFeedState", [holed]),
    ]
    strange: list[Any] = [None, "x", {}, 5, NOWHERE, f"{gone}?unbox=a", NOBODY]
    bad = [Question("del", [one]) for one in strange]
    return [
        *bad,
        Question("del", [gone]),
        Question("get", [gone]),
        *left,
        Question("del", [whole]),
        *left,
        Question("del", [whole]),
    ]


async def both(sides: tuple[Side, Side], asked: list[Question]) -> list[tuple[Answer, Answer]]:
    answers = [await _answers(side, asked) for side in sides]
    return list(zip(*answers, strict=True))


async def _answers(side: Side, asked: list[Question]) -> list[Answer]:
    secret, address = side.server.folder / "secret", side.server.address
    async with Asker(secret, address, SHS, NAMES, PATIENCE_MS) as asker:
        answers = []
        for one in asked:
            answers.append(side.normal(await asker.ask([one])[0]))
            await asyncio.sleep(0)
    for answer in answers:
        for item in answer.get("items", ()):
            if isinstance(item, dict):
                item.pop("seq", None)  # a place in the log here, a byte of the file there
    return answers


def _stumbles(theirs: Answer) -> bool:
    """A key that does not fit is thrown through ssb-db's index there; here the box stays closed."""
    return str(theirs.get("error", "")).endswith("but log error")


async def test_private_messages_and_deletions_have_the_same_answers(folder: Path) -> None:
    data = make_data(folder)
    async with pair(folder, data) as sides:
        for asked in (questions(data), deletions(data)):
            wrong = [
                (str(one), theirs, ours)
                for one, (theirs, ours) in zip(asked, await both(sides, asked), strict=True)
                if theirs != ours and not _stumbles(theirs)
            ]
            assert not wrong, f"{len(wrong)} of {len(asked)}: {wrong[:4]}"
