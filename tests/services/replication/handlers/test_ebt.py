"""The methods of ssb-ebt, over a real bus, with a peer that tests play."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.bus import BusError, Stream
from common.graph import FOLLOW, Edge
from common.refs import FeedId
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import until

A, B, C, X, Y = (keys_of(n) for n in range(1, 6))
RUN = feed_of(X, 5)


@pytest.fixture(name="board")
async def board_that_follows_x(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, A, [Edge(A.id, k.id, FOLLOW) for k in (B, C, X)])
    board.storage.publish(RUN)
    async with board.run():
        yield board


async def ask(board: Board, name: str, *args: object) -> Any:
    reply = await board.node.call("replication", name, *args)
    return reply.json() if reply.bodies else None


class Peer:
    """A session in which the peer says what tests say."""

    def __init__(
        self, board: Board, feed: FeedId = B.id, method: str = "ebt.replicate", **options: Any
    ) -> None:
        self.stream: Stream = board.node.duplex(
            "replication", method, {"version": 3, **options}, caller=board.caller(feed)
        )
        self.notes: dict[str, int] = {}
        self.messages: list[Any] = []
        self._task = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for batch in self.stream:
            for item in batch.json():
                if "sequence" in item:
                    self.messages.append(item)
                else:
                    self.notes.update(item)

    async def send(self, item: object) -> None:
        await self.stream.send([orjson.dumps(item)])

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.stream.end()


async def test_a_request_takes_effect_while_sessions_run_and_so_does_its_end(board: Board) -> None:
    peer = Peer(board)
    await until(lambda: X.id in peer.notes)
    board.storage.publish(feed_of(Y, 3))
    assert Y.id not in peer.notes
    assert await ask(board, "ebt.request", Y.id, True) is None
    await until(lambda: peer.notes.get(Y.id) == 3 << 1)
    await peer.send({Y.id: 0})
    await until(lambda: len(peer.messages) == 3)
    await ask(board, "ebt.request", Y.id, False)
    await until(lambda: peer.notes.get(Y.id) == -1)
    await ask(board, "ebt.request", X.id)
    await until(lambda: peer.notes.get(X.id) == -1)
    await ask(board, "replicate.request", {"id": X.id})
    await until(lambda: peer.notes.get(X.id) in (10, 11))
    await peer.stop()


async def test_a_block_takes_effect_while_sessions_run_and_so_does_its_end(board: Board) -> None:
    peer, other = Peer(board), Peer(board, C.id)
    await peer.send({})
    await until(lambda: X.id in peer.notes and X.id in other.notes)
    await ask(board, "ebt.block", X.id, B.id, True)
    await until(lambda: peer.notes[X.id] == -1)
    assert other.notes[X.id] != -1
    assert [i async for i in history(board, X.id)] == []
    await ask(board, "replicate.block", {"from": X.id, "to": B.id, "blocking": False})
    await until(lambda: peer.notes[X.id] in (10, 11))
    assert len([i async for i in history(board, X.id)]) == 5
    await ask(board, "ebt.block", A.id, C.id, True)
    await until(lambda: other.stream is not None and other._task.done())
    await peer.stop()


async def history(board: Board, feed: FeedId) -> AsyncIterator[Any]:
    caller = board.caller(B.id)
    options = {"id": feed}
    async with board.node.source(
        "replication", "createHistoryStream", options, caller=caller
    ) as stream:
        async for batch in stream:
            for item in batch.json():
                yield item


async def test_replicate_format_is_a_session_of_classic_feeds(board: Board) -> None:
    peer = Peer(board, method="ebt.replicateFormat", format="classic")
    await until(lambda: peer.notes.get(X.id) == 5 << 1)
    await peer.stop()
    other = Peer(board, method="ebt.replicateFormat", format="bendybutt-v1")
    with pytest.raises(BusError, match="Unknown format: bendybutt-v1"):
        await other._task


async def test_the_clock_tells_how_far_each_feed_is(board: Board) -> None:
    assert await ask(board, "ebt.clock") == {X.id: 5}
    assert await ask(board, "ebt.clock", {"format": "classic"}) == {X.id: 5}
    with pytest.raises(BusError, match="Unknown format: undefined"):
        await ask(board, "ebt.clock", {})


async def test_peer_status_tells_how_far_each_peer_is(board: Board) -> None:
    await ask(board, "ebt.clock")
    assert await ask(board, "ebt.peerStatus") == {"id": A.id, "peers": {}}
    assert await ask(board, "ebt.peerStatus", {}) == {"id": {}, "peers": {}}
    peer = Peer(board)
    await until(lambda: X.id in peer.notes)
    await peer.send({X.id: 3 << 1, Y.id: 7 << 1})
    await until(lambda: peer.notes.get(Y.id) == -1 and len(peer.messages) == 2)
    sent = {"tx": True, "rx": True, "sent": 5, "requested": 5}
    status = await ask(board, "ebt.peerStatus", X.id)
    assert status == {"id": X.id, "seq": 5, "peers": {B.id: {"seq": 3, "replicating": sent}}}
    refused = {"tx": False, "rx": False, "sent": -1, "requested": -1}
    status = await ask(board, "ebt.peerStatus", Y.id)
    assert status == {"id": Y.id, "peers": {B.id: {"seq": 7, "replicating": refused}}}
    await peer.stop()


async def test_who_is_forgotten_is_replicated_no_longer(board: Board) -> None:
    peer = Peer(board)
    await peer.send({X.id: 5 << 1})
    await until(lambda: X.id in peer.notes)
    await ask(board, "ebt.forget", X.id)
    await until(lambda: peer.notes[X.id] == -1)
    assert await ask(board, "ebt.forget", "x") is None
    await peer.stop()
