"""The same messages in a real ssb-server 16.0.1 and in ours, the same calls to both: the same answers.

Calls are generated: SAME_SEEDS (numbers, comma between) and SAME_COUNT ask for more of them.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.answers import (
    ENDED,
    Accepted,
    assert_alive,
    differences,
    failed,
    options,
    signed_now,
    stumbled,
)
from tests.support.asking import PATIENCE_MS, Answer, Asker, Question
from tests.support.offers import flat
from tests.support.own_methods import OWN_METHODS
from tests.support.pair import NAMES, Side, make_data, pair
from tests.support.questions import Questions
from tests.support.servers import SHS

pytestmark = pytest.mark.interop
SEEDS = [int(seed) for seed in os.environ.get("SAME_SEEDS", "1,2").split(",")]
COUNT = int(os.environ.get("SAME_COUNT", "340"))
LIVE_COUNT = 60
NOWHERE = "%" + "B" * 42 + "A=.sha256"
SETTLE_S = 1.0

UNORDERED = ("getVectorClock",)
"""Whose members come in no particular order; so do those of all `friends.*`."""


def _two_bounds(question: Question) -> bool:
    given = options(question).keys()
    lower, upper = {"gt", "gte", "min", "start"}, {"lt", "lte", "max", "end"}
    return len(given & lower) > 1 or len(given & upper) > 1


def _shortened(answer: Answer) -> Answer:
    text = re.sub(r',"timestamp":[^}]*}', "}", str(answer.get("error")))
    return {"error": re.sub(r"(has invalid properties):\{.*", r"\1", text, flags=re.DOTALL)}


ACCEPTED = (
    Accepted(
        "ssb-server stumbles over the argument and says it in V8's words; we refuse it in ours",
        lambda _, theirs, ours: stumbled(theirs) and (failed(ours) or not ours.get("items", ())),
    ),
    Accepted(
        "a number names a byte of flumelog's file there and a place in the log here",
        lambda q, _, __: q.name == "get" and any(isinstance(_wanted(q), t) for t in (int, float)),
    ),
    Accepted(
        "of two bounds of one side leveldown seeks by one and stops at the other; here the narrower counts",
        lambda q, _, __: _two_bounds(q),
    ),
    Accepted(
        "ssb-db puts `gt: 0` beside a `gte`, and backwards or live the open bound alone is looked at",
        lambda q, _, __: (
            q.name == "createLogStream"
            and "gte" in options(q)
            and bool(options(q).get("reverse") or options(q).get("live"))
        ),
    ),
    Accepted(
        "ssb-replicate looks for content in keys, throws, and its stream never ends; here it gives keys",
        lambda q, theirs, _: q.name == "createHistoryStream" and theirs.get("end") is False,
    ),
    Accepted(
        "the text shows ssb-validate's inner state, with a time and a queue that we do not keep, or repeats the "
        "message that was refused",
        lambda _, theirs, ours: _shortened(theirs) == ours,
    ),
    Accepted(
        "what is no address is taken for a legacy one in pieces there, and refused at once here",
        lambda q, theirs, ours: (
            q.name == "gossip.connect"
            and failed(ours)
            and theirs.get("error", "").startswith("must provide id:")
        ),
    ),
    Accepted(
        "ssb-ebt compares the version loosely; here only numbers are versions",
        lambda q, _, ours: (
            q.name == "ebt.replicate" and options(q).get("version") == "3" and failed(ours)
        ),
    ),
    Accepted(
        "names that every JavaScript object has count as disallowed there, as unknown here",
        lambda q, theirs, ours: (
            q.name in ("constructor", "toString") and failed(theirs) and failed(ours)
        ),
    ),
)


def _wanted(question: Question) -> Any:
    return options(question).get("id") if options(question) else (question.args or [None])[0]


def _text(question: Question, answer: Answer) -> str:
    items = answer.get("items")
    if items and question.name == "friends.hopStream":
        answer = {**answer, "items": _merged(items)}
    if items and question.name == "friends.createFriendStream":
        answer = {**answer, "items": sorted(items, key=json.dumps)}
    if question.name.startswith("friends."):
        return json.dumps(answer, sort_keys=True)
    return json.dumps(answer, sort_keys=question.name in UNORDERED)


def _merged(maps: list[dict[str, int]]) -> dict[str, int]:
    """What maps of hops come to: how many changes one map tells depends on how fast they come."""
    found: dict[str, int] = {}
    for one in maps:
        found |= one
    return found


def check(questions: Sequence[Question], theirs: list[Answer], ours: list[Answer]) -> None:
    """Fails with every difference that no reason covers."""
    wrong = differences(questions, theirs, ours, ACCEPTED, _text)
    assert not wrong, f"{len(wrong)} of {len(questions)} differ:\n" + "\n".join(wrong)


@pytest.fixture
def data(folder: Path) -> dict[str, Any]:
    return make_data(folder)


@pytest.fixture
async def sides(folder: Path, data: dict[str, Any]) -> AsyncIterator[tuple[Side, Side]]:
    async with pair(folder, data) as both:
        yield both


async def both(sides: tuple[Side, Side], questions: Sequence[Question]) -> None:
    theirs, ours = sides
    answers = await asyncio.gather(theirs.ask(questions), ours.ask(questions))
    assert_alive(theirs)
    check(questions, *answers)


async def test_same_answers(sides: tuple[Side, Side], data: dict[str, Any], folder: Path) -> None:
    for seed in SEEDS:
        await both(sides, Questions(seed, data).make(COUNT))
    await _as_owner_over_unix(sides[1], data)
    await _as_stranger_and_enemy(sides, data, folder)
    await _about_peers(sides, data)
    await _live(sides, data)
    await both_in_turn(sides, refused_messages(data) + published(data))
    await _ending(sides)


async def _ending(sides: tuple[Side, Side]) -> None:
    """What ends ssb-server gets an error or an answer here, and so does what is asked beside it."""
    questions = [
        Question("messagesByType", [5], "source"),
        Question("createLogStream", [{"gt": {}}], "source"),
        Question("createFeedStream", [{"lte": {}}], "source"),
        Question("whoami", []),
        Question("createLogStream", [{"limit": 3}], "source"),
    ]
    theirs, ours = await asyncio.gather(*(side.ask_some_at_once(questions) for side in sides))
    wrong = differences(questions, theirs, ours, (ENDED,))
    assert not wrong, "\n".join(wrong)
    assert ["gone" in one for one in theirs] == [True, True, True, False, False]


async def _as_owner_over_unix(ours: Side, data: dict[str, Any]) -> None:
    """Our unix socket answers what our TCP port does."""
    questions = Questions(SEEDS[0], data).make(COUNT // 4)
    remote = f"unix:{ours.server.folder / 'socket'}~noauth"
    async with Asker(ours.server.folder / "secret", remote, SHS, NAMES, PATIENCE_MS) as asker:
        assert await ours.ask(questions, asker) == await ours.ask(questions)


async def _as_stranger_and_enemy(
    sides: tuple[Side, Side], data: dict[str, Any], folder: Path
) -> None:
    questions = Questions(SEEDS[0] + 1000, data).make(COUNT // 2)

    async def ask(side: Side) -> list[Answer]:
        async with Asker(folder / "other", side.server.address, SHS, NAMES, PATIENCE_MS) as asker:
            return await side.ask(questions, asker)

    check(questions, *await asyncio.gather(*map(ask, sides)))
    failed = []
    for side in sides:
        async with Asker(folder / "enemy", side.server.address, SHS, NAMES, PATIENCE_MS) as asker:
            failed.append(asker.failed)
    assert failed[0] is not None
    assert failed[0] == failed[1]


async def _about_peers(sides: tuple[Side, Side], data: dict[str, Any]) -> None:
    """Methods whose answers name a port or a version: what of them is the same everywhere."""
    odd: list[Any] = [
        None,
        "x",
        "",
        0,
        data["far"],
        "net:127.0.0.1:1",
        "127.0.0.1:1:" + data["feeds"][1][:-9],
        {},
    ]
    versions: list[Any] = [
        [],
        [None],
        [{}],
        [{"version": 1}],
        [{"version": "3"}],
        [{"version": 4}],
        ["x"],
    ]
    questions = [
        *(Question("gossip.connect", [one]) for one in odd),
        *(Question("ebt.replicate", args, "duplex") for args in versions),
        Question("gossip.peers", []),
        *(Question("ooo.get", [one]) for one in (NOWHERE, {"id": NOWHERE, "timeout": 50})),
        Question("get", [{"id": NOWHERE, "timeout": 50}]),
    ]
    await both(sides, questions)
    names = ("address", "manifest", "status", "friends.help", "ooo.help")
    plain = [Question(name, []) for name in names]
    shapes, helps = [], []
    for side in sides:
        address, manifest, status, *of_plugins = [a["value"] for a in await side.ask(plain)]
        helps.append(of_plugins)
        shapes.append((address.replace(side.server.address, "OWN"), flat(manifest), status))
    theirs, ours = shapes
    for there, here in zip(*helps, strict=True):
        for name, command in there["commands"].items():
            assert here["commands"][name]["type"] == command["type"]
    assert "OWN" in ours[0]
    assert "OWN" in theirs[0]
    assert {
        name: kind for name, kind in ours[1].items() if theirs[1].get(name) != kind
    } == OWN_METHODS
    assert ours[2]["sync"].keys() == theirs[2]["sync"].keys()
    assert ours[2]["progress"]["indexes"].keys() == theirs[2]["progress"]["indexes"].keys()


async def _live(sides: tuple[Side, Side], data: dict[str, Any]) -> None:
    """Streams that stay open give the same: what was, the mark, and what comes."""
    questions = Questions(SEEDS[0], data).live(LIVE_COUNT)

    told = [side.watch(questions, data["later"], SETTLE_S) for side in sides]
    check(questions, *await asyncio.gather(*told))


async def both_in_turn(sides: tuple[Side, Side], questions: list[Question]) -> None:
    answers = await asyncio.gather(*(side.ask_in_turn(questions) for side in sides))
    theirs, ours = [[signed_now(answer) for answer in of_side] for of_side in answers]
    check(questions, theirs, ours)


def refused_messages(data: dict[str, Any]) -> list[Question]:
    """Signed messages that cannot be added, each for a reason of its own."""
    last, known = data["next"]["value"], data["messages"][0]["value"]
    one, two = data["later"][-1]["value"], data["messages"][5]["value"]
    edited = [
        {**last, "content": {"type": "post", "text": "forged"}},
        {**last, "sequence": last["sequence"] + 1},
        {**last, "sequence": last["sequence"] + 1, "previous": data["next"]["key"]},
        {**last, "sequence": last["sequence"] + 9},
        {**last, "signature": "x"},
        {**last, "signature": two["signature"]},
        {**last, "extra": 1},
        {**last, "hash": "sha512"},
        {**last, "timestamp": "x"},
        {**last, "author": "x"},
        {**last, "content": "no box"},
        {**last, "content": {"type": "x"}},
        {**last, "content": {}},
        {**last, "content": []},
        {**last, "previous": None},
        {**last, "previous": "x"},
        {**last, "sequence": "2"},
        {**last, "sequence": 0},
        {**last, "sequence": 1.5},
        {name: last[name] for name in reversed(last)},
        {"key": "x", "value": last},
        known,
        one,
        two,
    ]
    missing = [{name: last[name] for name in last if name != left} for left in last]
    odd: list[Any] = [None, 1, "x", True, [], {}]
    return [Question("add", [value]) for value in [*edited, *missing, *odd]] + [Question("add", [])]


def published(data: dict[str, Any]) -> list[Question]:
    """Contents to publish, good and bad."""
    own, feeds = data["own"], data["feeds"]
    kinds: list[Any] = [
        5,
        None,
        True,
        "",
        "xx",
        "x" * 52,
        "x" * 53,
        [],
        ["post"],
        {"a": 1},
        1.5,
        [1, [2, None]],
    ]
    contents: list[Any] = [
        *({"type": kind} for kind in kinds),
        {"type": "post", "text": "fine", "n": [1.5, 1e21, -0.0, 1e-7]},
        {"type": "post", "text": "\ud800"},
        {"type": "post", "text": "x" * 9000},
        {"text": "no type"},
        {},
        [],
        [1],
        "no box",
        "AAAA.box2",
        "",
        None,
        True,
        0,
        7,
        {"type": "post", "recps": [own]},
        {"type": "post", "recps": own},
        {"type": "post", "recps": feeds[:3]},
        {"type": "post", "recps": []},
        {"type": "post", "recps": None},
        {"type": "post", "recps": ""},
        {"type": "post", "recps": 1},
        {"type": "post", "recps": {}},
        {"type": "post", "recps": ["x"]},
        {"type": "post", "recps": [own] * 8},
        {"recps": [own]},
    ]
    after = [Question("getLatest", [feeds[1]]), Question("latestSequence", [own])]
    return [Question("publish", [content]) for content in contents] + [
        Question("publish", []),
        *after,
    ]
