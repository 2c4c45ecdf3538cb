"""The methods of replication asked of a real ssb-server 16.0.1 and of ours: the same answers, and the same effect."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.asking import Question
from tests.support.pair import Side, make_data, pair

pytestmark = pytest.mark.interop


@pytest.fixture
def data(folder: Path) -> dict[str, Any]:
    return make_data(folder)


@pytest.fixture
async def sides(folder: Path, data: dict[str, Any]) -> AsyncIterator[tuple[Side, Side]]:
    async with pair(folder, data) as both:
        yield both


async def both(sides: tuple[Side, Side], *questions: Question) -> list[Any]:
    """The answers, which must be the same."""
    theirs, ours = await asyncio.gather(*(side.ask_in_turn(questions) for side in sides))
    assert [_in_order(a) for a in theirs] == [_in_order(a) for a in ours]
    return ours


def _in_order(answer: dict[str, Any]) -> dict[str, Any]:
    """Feeds of a stream come in no particular order."""
    if "items" not in answer:
        return answer
    return answer | {"items": sorted(answer["items"], key=lambda item: str(item.get("id", "~")))}


async def test_same_answers_of_replication(sides: tuple[Side, Side], data: dict[str, Any]) -> None:
    own, followed, *_ = data["feeds"]
    stranger = "@" + "B" * 42 + "A=.ed25519"
    odd: list[Any] = [None, True, 0, "x", [], {}, {"id": "x"}]
    upto = Question("replicate.upto", [], "source")
    (before,) = await both(sides, upto)
    assert stranger not in {item["id"] for item in before["items"]}
    await both(sides, *(Question("replicate.request", [one, True]) for one in odd))
    await both(
        sides,
        *(
            Question(f"{who}.block", [one, followed, True])
            for one in odd
            for who in ("ebt", "replicate")
        ),
    )
    await both(sides, upto, Question("replicate.upto", [{"live": True}], "source"))
    for asked in (
        [stranger],
        [{"id": stranger, "replicate": False}],
        [stranger, None],
        [stranger, 0],
    ):
        (after,) = (await both(sides, Question("replicate.request", asked), upto))[1:]
        there = stranger in {item["id"] for item in after["items"]}
        assert there == (asked[0] == stranger)
    for asked in ([followed, False], [{"id": followed}]):
        await both(sides, Question("replicate.request", asked), upto)
    status = [[], [own], [followed], [stranger], [None], [""], [data["far"]], ["x"], [7], [{}]]
    await both(sides, *(Question("ebt.peerStatus", one) for one in status))
    await both(sides, Question("replicate.block", [followed, stranger, True]))
    await both(sides, Question("replicate.block", [{"from": followed, "to": stranger}]))
    assert (await both(sides, Question("replicate.changes", [], "source")))[0]["items"] == []


async def test_methods_of_ssb_ebt_9_are_ours_alone(sides: tuple[Side, Side]) -> None:
    theirs, ours = sides
    newer = [Question(f"ebt.{name}", []) for name in ("request", "clock", "forget")]
    assert all("error" in answer for answer in await theirs.ask(newer))
    answers = await ours.ask(newer)
    (clock,) = await theirs.ask([Question("getVectorClock", [])])
    assert not any("error" in answer for answer in answers)
    assert answers[1] == clock
