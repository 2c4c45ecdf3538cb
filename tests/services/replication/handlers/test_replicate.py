"""The methods of ssb-replicate and its scheduler, over a real bus."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.bus import BusError, Stream
from common.graph import BLOCK, FOLLOW, NEITHER, Edge
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import PATIENCE_S

A, B, X, Y = (keys_of(n) for n in range(1, 5))


@pytest.fixture(name="board")
async def board_that_follows_x(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, A, [Edge(A.id, X.id, FOLLOW)])
    board.storage.publish(feed_of(X, 5))
    async with board.run():
        yield board


async def ask(board: Board, name: str, *args: object) -> Any:
    reply = await board.node.call("replication", name, *args)
    return reply.json() if reply.bodies else None


class Source:
    """Items of a source, one by one."""

    def __init__(self, board: Board, name: str, *args: object) -> None:
        self._stream: Stream = board.node.source("replication", name, *args)
        self._items: list[Any] = []

    async def next(self) -> Any:
        while not self._items:
            async with asyncio.timeout(PATIENCE_S):
                self._items = (await anext(self._stream)).json()
        return self._items.pop(0)


async def upto(board: Board) -> list[tuple[str, int]]:
    async with board.node.source("replication", "replicate.upto") as stream:
        return sorted([(i["id"], i["sequence"]) async for batch in stream for i in batch.json()])


async def test_upto_tells_who_is_replicated_and_what_changes(board: Board) -> None:
    assert await upto(board) == sorted([(A.id, 0), (X.id, 5)])
    live = Source(board, "replicate.upto", {"live": True})
    assert sorted([(await live.next())["id"], (await live.next())["id"]]) == sorted([A.id, X.id])
    assert await live.next() == {"sync": True}
    await ask(board, "replicate.request", Y.id)
    assert await live.next() == {"id": Y.id, "sequence": 0}
    board.indexing.draw(Edge(A.id, X.id, NEITHER))
    assert await live.next() == {"id": X.id, "sequence": -1}
    assert await upto(board) == sorted([(A.id, 0), (Y.id, 0)])
    await ask(board, "replicate.request", X.id, True)
    assert await live.next() == {"id": X.id, "sequence": 5}


async def test_changes_tell_how_far_replication_is(board: Board) -> None:
    caller = board.caller(B.id)
    stream = board.node.duplex("replication", "ebt.replicate", {"version": 3}, caller=caller)
    await anext(stream)
    live = Source(board, "replicate.changes")
    await stream.send([orjson.dumps({X.id: 8 << 1})])
    item = await live.next()
    while item["incompleteFeeds"] != 1:
        item = await live.next()
    assert item == {
        "id": A.id,
        "rate": item["rate"],
        "feeds": 1,
        "pendingPeers": {B.id: 1},
        "incompleteFeeds": 1,
        "progress": 5,
        "total": 8,
    }
    run = feed_of(X, 8)
    await stream.send([one.compact for one in run[5:]])
    while item["incompleteFeeds"] or not item["rate"]:
        item = await live.next()
    assert (item["progress"], item["total"], item["pendingPeers"]) == (8, 8, {})
    (peer,) = await ask(board, "replicate.peers")
    assert peer["id"] == B.id
    assert (peer["messagesIn"], peer["feedsWaiting"], peer["stalled"]) == (3, 0, None)
    assert peer["bytesIn"] > sum(len(one.compact) for one in run[5:])


async def test_other_workers_can_follow_what_is_asked_for(board: Board) -> None:
    await ask(board, "replicate.request", Y.id)
    await ask(board, "ebt.block", X.id, B.id, True)
    live = Source(board, "requests.read")
    assert await live.next() == {"id": Y.id, "replicate": True}
    assert await live.next() == {"from": X.id, "to": B.id, "blocking": True}
    assert await live.next() == {"sync": True}
    await ask(board, "ebt.request", Y.id, False)
    assert await live.next() == {"id": Y.id, "replicate": False}
    await ask(board, "replicationScheduler.reconfigure", {})
    assert await live.next() == {"graph": True}


async def test_the_scheduler_replicates_anew_whom_the_graph_names(board: Board) -> None:
    assert await upto(board)  # the graph is known: its first word would be the last one
    await ask(board, "replicate.request", X.id, False)
    await ask(board, "replicate.request", Y.id)
    assert await upto(board) == sorted([(A.id, 0), (Y.id, 0)])
    assert await ask(board, "replicationScheduler.reconfigure", {"debouncePeriod": 10}) is None
    assert await upto(board) == sorted([(A.id, 0), (X.id, 5), (Y.id, 0)])
    with pytest.raises(BusError, match="partial replication is not supported"):
        await ask(board, "replicationScheduler.reconfigure", {"partialReplication": {"0": [{}]}})


async def test_without_autostart_the_graph_waits_for_start(tmp_path: Path) -> None:
    edges = [Edge(A.id, X.id, FOLLOW), Edge(A.id, Y.id, BLOCK)]
    board = Board(tmp_path, A, edges, flags=("--replicationScheduler.autostart", "false"))
    async with board.run():
        assert await upto(board) == [(A.id, 0)]
        await ask(board, "replicationScheduler.reconfigure", {})
        assert await upto(board) == [(A.id, 0)]
        await ask(board, "replicationScheduler.start")
        await ask(board, "replicationScheduler.start")
        assert await upto(board) == sorted([(A.id, 0), (X.id, 0)])


async def test_feeds_over_the_limit_are_left_out_and_counted(tmp_path: Path) -> None:
    edges = [Edge(A.id, X.id, FOLLOW), Edge(X.id, Y.id, FOLLOW), Edge(Y.id, B.id, FOLLOW)]
    board = Board(tmp_path, A, edges, hops=3, flags=("--replication.maxFeeds", "2"))
    async with board.run():
        assert await upto(board) == sorted([(A.id, 0), (X.id, 0)])
        state = await board.state()
        assert (state["wanted"], state["left_out"]) == (2, 2)
