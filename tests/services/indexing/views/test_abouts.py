import asyncio
from typing import Any

import pytest

from common.bus import CallerError
from services.indexing.views.abouts import Abouts
from tests.support.indexing_suite import IDS, Suite, boxed
from tests.support.messages import message
from tests.support.waiting import PATIENCE_S

OWN, ANN, BOB, CAT = IDS[:4]
MISSING = "%" + "A" * 43 + "=.sha256"


def name(dest: str, what: Any) -> dict[str, Any]:
    return {"type": "about", "about": dest, "name": what}


@pytest.mark.parametrize(
    ("dest", "kept"),
    [(ANN, 3), (MISSING, 2), ("#ssb", 2), ("#SSB", 0), ("#" + "x" * 29, 0), ("ann", 0), (5, 0)],
)
def test_only_what_is_about_something_known_is_kept(dest: Any, kept: int) -> None:
    assert len(list(Abouts().rows(message(name(dest, "x"))))) == kept


async def test_the_value_that_counts(suite: Suite) -> None:
    suite.storage.add(1, name(ANN, "ann"), claimed=1)
    suite.storage.add(2, name(ANN, "annie"), claimed=2)
    suite.storage.add(3, name(ANN, "annie"), claimed=3)
    asked = {"dest": ANN, "key": "name"}
    assert await suite.call("about.socialValue", asked) == "ann"
    assert await suite.call("about.latestValue", asked) == "annie"
    assert await suite.call("about.socialValues", asked) == {ANN: "ann", BOB: "annie", CAT: "annie"}
    suite.storage.add(0, boxed(name(ANN, "my ann")), claimed=0)
    assert await suite.call("about.socialValue", asked) == "my ann"
    assert await suite.call("about.latestValues", {"dest": ANN, "keys": ["name", "x"]}) == {
        "name": "my ann"
    }


async def test_of_a_message_its_author_decides(suite: Suite) -> None:
    key = suite.storage.add(2, {"type": "gathering"})
    suite.storage.add(1, name(key, "party"))
    suite.storage.add(2, name(key, "meeting"))
    suite.storage.add(3, name(key, "party"))
    assert await suite.call("about.socialValue", {"dest": key, "key": "name"}) == "meeting"
    with pytest.raises(CallerError, match="Key not found in database"):
        await suite.call("about.socialValue", {"dest": MISSING, "key": "name"})


async def test_read_gives_the_messages_by_time_with_boxes_opened(suite: Suite) -> None:
    suite.storage.add(1, name(ANN, "second"), claimed=7)
    suite.storage.add(2, boxed(name(ANN, "first")), claimed=6)
    suite.storage.add(2, name(BOB, "another"), claimed=6)
    found = await suite.items("about.read", {"dest": ANN})
    assert [item["value"]["content"]["name"] for item in found] == ["first", "second"]
    assert [(item["dest"], item["rts"]) for item in found] == [(ANN, 6), (ANN, 7)]
    assert found[0]["value"]["private"] is True
    assert await suite.items("about.read", {"dest": ANN, "reverse": True, "limit": 1}) == found[1:]
    assert await suite.items("about.read", {"dest": "nobody"}) == []
    with pytest.raises(CallerError, match="no rule"):
        await suite.items("about.read", {"dest": {"$prefix": "@"}})


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("about.socialValueStream", ["ann", "annie", "annie", "ann"]),
        ("about.latestValueStream", ["ann", "annie", "annie", "annie"]),
        (
            "about.socialValuesStream",
            [{ANN: "ann"}, {OWN: "annie"}, {ANN: {"remove": 1}}, {OWN: {"remove": 1}}],
        ),
    ],
)
async def test_streams_tell_what_each_claim_changes(
    suite: Suite, method: str, told: list[Any]
) -> None:
    suite.storage.add(1, name(ANN, "ann"), claimed=5)
    coming = [(0, name(ANN, "annie")), (1, name(ANN, {"remove": 1})), (0, name(ANN, {"remove": 1}))]
    if method == "about.socialValueStream":
        coming[1] = (1, name(ANN, "ann"))
    found: list[Any] = []
    async with (
        asyncio.timeout(PATIENCE_S),
        suite.client.source("indexing", method, {"dest": ANN, "key": "name"}) as stream,
    ):
        async for batch in stream:
            found += batch.json()
            if not coming:
                break
            suite.storage.add(3, name(BOB, "somebody else"))
            suite.storage.add(*coming.pop(0), claimed=4)
    assert found == told


async def test_a_live_read_tells_where_the_old_ones_end(suite: Suite) -> None:
    suite.storage.add(1, name(ANN, "old"))
    found: list[Any] = []
    asked = {"dest": ANN, "live": True, "limit": 3}
    async with (
        asyncio.timeout(PATIENCE_S),
        suite.client.source("indexing", "about.read", asked) as all_,
    ):
        async for batch in all_:
            found += batch.json()
            if found[-1] == {"sync": True}:
                suite.storage.add(2, name(ANN, "new"))
    assert [item.get("sync") or item["value"]["content"]["name"] for item in found] == [
        "old",
        True,
        "new",
    ]


def test_any_channel_may_be_described() -> None:
    row, new = Abouts().rows(message("sealed.box", opened=name("#\ud800", "x")))
    assert new.value.endswith(row.key[: len("#___\0\1")])
