"""Views built anew beside what answers, checked against the log, and waited for."""

import asyncio

import pytest

from common.bus import CallerError
from common.store import Batch
from services.indexing.model.shelf import ROWS
from services.indexing.views import VIEWS
from tests.support.indexing_suite import IDS, Suite, boxed
from tests.support.waiting import PATIENCE_S

NAMES = [*sorted(view.name for view in VIEWS), "search"]
ALL_WELL = [{"view": name, "ok": True} for name in NAMES]


def fill(suite: Suite, count: int) -> None:
    for n in range(count):
        suite.storage.add(n % 3, {"type": "post", "text": str(n)})
        suite.storage.add(0, {"type": "contact", "contact": IDS[1], "following": n % 2 == 0})
        suite.storage.add(1, boxed({"type": "post", "text": f"secret {n}"}))


async def test_rebuilt_views_answer_all_the_time_and_are_right(suite: Suite) -> None:
    fill(suite, 150)
    await suite.folded()
    rebuilding = asyncio.create_task(suite.call("rebuild"))
    while not rebuilding.done():
        assert len(await suite.items("messagesByType", "contact")) == 150
    assert await rebuilding is True
    assert (await suite.call("health"))["state"]["building"] == {}
    found = await suite.items("views.check")
    assert found[-len(NAMES) :] == ALL_WELL
    assert found[0] == {"checked": 450, "of": 450}
    assert await suite.call("rebuild", "types") is True
    assert await suite.call("rebuild", {"path": "/"}) is True  # what a command line adds
    assert len(await suite.items("messagesByType", "contact")) == 150


async def test_damage_is_found_and_rebuilding_mends_it(suite: Suite) -> None:
    fill(suite, 2)
    await suite.folded()
    key, value = next(suite.index._store.scan(ROWS))
    batch = Batch()
    batch.put(ROWS, key, value + b"x")
    suite.index._store.write(batch, sync=False)
    found = await suite.items("views.check")
    assert [item["view"] for item in found if item.get("ok") is False] == [VIEWS[0].name]
    await suite.call("rebuild")
    assert (await suite.items("views.check"))[-len(NAMES) :] == ALL_WELL


async def test_who_waits_for_a_position_is_answered_when_it_is_there(suite: Suite) -> None:
    waiting = asyncio.create_task(suite.call("views.wait", {"position": 2}))
    suite.storage.add(0, {"type": "post"})
    assert await suite.call("views.wait") == {"position": 1}
    assert not waiting.done()
    suite.storage.add(0, {"type": "post"})
    async with asyncio.timeout(PATIENCE_S):
        assert await waiting == {"position": 2}


@pytest.mark.parametrize(
    ("method", "argument"),
    [
        ("rebuild", "nothing"),
        ("rebuild", ["types"]),
        ("rebuild", 5),
        ("views.wait", {"position": -1}),
    ],
)
async def test_bad_arguments_are_the_callers_fault(
    suite: Suite, method: str, argument: object
) -> None:
    with pytest.raises(CallerError):
        await suite.call(method, argument)


async def test_compaction_tells_how_far_it_is_and_changes_nothing(suite: Suite) -> None:
    suite.storage.add(0, {"type": "post"})
    await suite.folded()
    items = await suite.items("views.compact")
    total = items[0]["of"]
    assert [item["compacted"] for item in items[:-1]] == list(range(1, total + 1))
    assert set(items[-1]) == {"before", "after"}
    assert all(item["ok"] for item in (await suite.items("views.check"))[1:])
