"""While much of the log is not folded: the follow graph is known before the views, and our own feed before the graph."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.indexing_suite import IDS, Suite
from tests.support.waiting import until

FAR = 10


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few messages are many."""
    for module in ("adapters.follower", "handlers.graph"):
        monkeypatch.setattr(f"services.indexing.{module}.FAR", FAR)
    monkeypatch.setattr("services.indexing.adapters.follower.HOPELESS", FAR)
    monkeypatch.setattr("services.indexing.adapters.log.SLICE", FAR // 2)


def nobody_reads(_: Mapping[str, Any]) -> bool:
    return False


def the_end_is_followed(options: Mapping[str, Any]) -> bool:
    """Who reads pieces of the log, gets nothing."""
    return bool(options["live"])


def fill(suite: Suite) -> None:
    suite.storage.add(0, {"type": "contact", "contact": IDS[1], "blocking": True})
    suite.storage.add(0, {"type": "contact", "contact": IDS[2], "blocking": True})
    suite.storage.add(0, {"type": "contact", "contact": IDS[1], "following": True})
    suite.storage.add(1, {"type": "contact", "contact": IDS[3], "following": True})
    suite.storage.add(0, {"type": "post", "text": "deleted"})
    suite.storage.add(0, {"type": "contact", "contact": IDS[4], "blocking": True})
    suite.storage.erase(5)
    for n in range(FAR * 2):
        suite.storage.add(1, {"type": "post", "text": f"{n}"})


async def test_whom_we_follow_and_block_is_known_before_anything_is_folded(suite: Suite) -> None:
    suite.storage.reads = nobody_reads
    fill(suite)
    told = {IDS[1]: 1, IDS[2]: -1, IDS[4]: -1}
    *edges, last = await suite.items("graph.edges", {"source": IDS[0]})
    assert {edge["dest"]: edge["value"] for edge in edges} == told
    assert last == {"sync": True}
    assert suite.index.graph_position == 0


async def test_what_changes_is_told_when_the_graph_is_there(suite: Suite) -> None:
    suite.storage.reads = nobody_reads
    fill(suite)
    known, synced = dict[str, int](), 0
    options = {"source": IDS[0], "live": True}
    async with suite.client.source("indexing", "graph.edges", options) as stream:
        async for batch in stream:
            for item in batch.json():
                if "sync" in item:
                    synced += 1
                    suite.storage.erase(2)
                    suite.storage.reads = lambda _: True
                    suite.storage.add(0, {"type": "contact", "contact": IDS[4], "following": True})
                else:
                    known[item["dest"]] = item["value"]
            if known.get(IDS[2]) == -2 and known.get(IDS[4]) == 1:
                break
    assert (known, synced) == ({IDS[1]: 1, IDS[2]: -2, IDS[4]: 1}, 1)


async def test_the_graph_does_not_wait_for_the_views(suite: Suite) -> None:
    suite.storage.reads = the_end_is_followed
    fill(suite)
    edges = (await suite.items("graph.edges"))[:-1]
    assert {"source": IDS[1], "dest": IDS[3], "value": 1} in edges
    assert await suite.call("friends.hops") == {
        IDS[0]: 0,
        IDS[1]: 1,
        IDS[2]: -1,
        IDS[3]: 2,
        IDS[4]: -1,
    }
    assert suite.index.position == 0
    # Nor does a question, which could not be answered better in a moment.
    assert await suite.items("messagesByType", "post") == []
    suite.storage.reads = lambda _: True
    await suite.folded()
    assert len(await suite.items("messagesByType", "post")) == 2 * FAR
    assert all(item.get("ok", True) for item in await suite.items("views.check"))


async def test_the_views_follow_the_end_again_when_they_are_there(suite: Suite) -> None:
    fill(suite)
    await suite.folded()
    suite.storage.reads = the_end_is_followed
    suite.storage.add(0, {"type": "post", "text": "more"})
    await until(lambda: suite.index.position == len(suite.storage.records))
