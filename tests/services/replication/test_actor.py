"""Two replication services and everything around them, over real buses."""

import time
from pathlib import Path

import pytest

from common.bus import BusError
from common.feed.validate import Head
from common.graph import FOLLOW, Edge
from tests.support.suite import Board, dial, feed_of, keys_of
from tests.support.waiting import until

A, B, X = keys_of(1), keys_of(2), keys_of(3)
MUTUAL = [Edge(A.id, B.id, FOLLOW), Edge(B.id, A.id, FOLLOW)]


def boards(folder: Path) -> tuple[Board, Board]:
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    return Board(folder / "a", A, list(MUTUAL)), Board(folder / "b", B, list(MUTUAL))


@pytest.mark.parametrize("ebt", [True, False])
async def test_two_nodes_replicate_each_other_and_live(tmp_path: Path, ebt: bool) -> None:
    a, b = boards(tmp_path)
    run_a, run_b = feed_of(A, 700), feed_of(B, 30)
    a.storage.publish(run_a)
    b.storage.publish(run_b)
    async with a.run(), b.run():
        dial(a, b, ebt=ebt)
        both = {A.id: 700, B.id: 30}
        await until(lambda: a.storage.clock() == both and b.storage.clock() == both)
        more = feed_of(A, 1, Head(run_a[-1].key, 700))
        began = time.monotonic()
        a.storage.publish(more)
        await until(lambda: b.storage.clock()[A.id] == 701)
        assert time.monotonic() - began < 0.5
        assert b.storage.appends < 40
    assert b.storage.feeds[A.id][-1].endswith(more[0].compact)


async def test_who_is_followed_later_is_replicated_then(tmp_path: Path) -> None:
    a, b = boards(tmp_path)
    b.storage.publish(feed_of(X, 5))
    async with a.run(), b.run():
        dial(a, b)
        b.indexing.draw(Edge(B.id, X.id, FOLLOW))
        await until(lambda: a.node.is_up("replication"))
        a.indexing.draw(Edge(A.id, X.id, FOLLOW))
        await until(lambda: a.storage.clock().get(X.id) == 5)


async def test_health_tells_what_is_under_way(tmp_path: Path) -> None:
    a, _ = boards(tmp_path)
    async with a.run():
        reply = await a.node.call("replication", "health")
        assert reply.json()["service"] == "replication"


@pytest.mark.parametrize("args", [[], [{}], [{"version": 1}], [{"version": True}]])
async def test_other_versions_of_ebt_are_refused(tmp_path: Path, args: list[object]) -> None:
    a, _ = boards(tmp_path)
    async with a.run():
        stream = a.node.duplex("replication", "ebt.replicate", *args, caller=a.caller(B.id))
        with pytest.raises(BusError) as caught:
            await anext(stream)
        assert caught.value.message == "expected ebt.replicate({version: 3 or 2})"
