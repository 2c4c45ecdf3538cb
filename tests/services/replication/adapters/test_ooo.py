"""Messages out of order between a replication service and peers that tests play."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.bus import BusError, Call, Stream
from common.feed.validate import Verified
from common.graph import BLOCK, Edge
from common.refs import FeedId, MessageId, message_id
from services.replication.adapters import ooo
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import PATIENCE_S, until

A, B, C, X = (keys_of(n) for n in range(1, 5))
RUN = feed_of(X, 5)
NOWHERE = message_id(bytes(32))


def key_of(one: Verified) -> MessageId:
    return message_id(one.key)


@pytest.fixture(name="board")
async def board_of_a(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, A, [Edge(X.id, C.id, BLOCK)])
    async with board.run():
        yield board


class Peer:
    """A peer that dialled us: says what tests say, and keeps what it hears."""

    def __init__(self, board: Board, feed: FeedId = B.id) -> None:
        caller = board.caller(feed)
        self.stream: Stream = board.node.duplex("replication", "ooo.stream", caller=caller)
        self.heard: dict[str, Any] = {}
        self.error = ""
        self._task = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            async for batch in self.stream:
                for item in batch.json():
                    self.heard |= item
        except BusError as error:
            self.error = error.message

    async def say(self, item: dict[str, Any]) -> None:
        await self.stream.send([orjson.dumps(item)])

    async def leave(self) -> None:
        self.stream.cancel()
        await self._task


async def want(board: Board, key: str, ms: float = 30_000, **more: Any) -> Any:
    reply = await board.node.call(
        "replication", "ooo.want", {"id": key, "ms": ms, **more}, deadline_ms=60_000
    )
    return reply.json()


async def streams(board: Board, count: int) -> None:
    await board.stands(lambda state: state["ooo"]["streams"] == count)


async def test_what_is_here_needs_nobody(board: Board) -> None:
    board.storage.publish(RUN[:1])
    assert await want(board, key_of(RUN[0])) is True


async def test_an_answer_is_kept_and_whoever_waits_gets_it(board: Board) -> None:
    peer, key = Peer(board), key_of(RUN[3])
    await streams(board, 1)
    waiting = [asyncio.ensure_future(want(board, key, 0)) for _ in range(2)]
    await until(lambda: peer.heard == {key: -1})
    await peer.say({key: orjson.loads(RUN[3].compact)})
    assert await asyncio.gather(*waiting) == [True, True]
    assert board.storage.strays == {key: RUN[3].compact}
    assert board.storage.log == []
    assert (await board.state())["ooo"] == {"queries": 0, "streams": 1}
    await peer.leave()
    await streams(board, 0)


async def test_a_forged_answer_is_no_answer_and_the_next_one_counts(board: Board) -> None:
    liar, honest, key = Peer(board, B.id), Peer(board, C.id), key_of(RUN[0])
    await streams(board, 2)
    waiting = asyncio.ensure_future(want(board, key))
    await until(lambda: key in liar.heard and key in honest.heard)
    await liar.say({key: {**orjson.loads(RUN[0].compact), "sequence": 2}, NOWHERE: {}})
    await liar.say({key: orjson.loads(RUN[0].compact)})
    await honest.say({key: orjson.loads(RUN[0].compact)})
    assert await waiting is True
    board.storage.broken = "the disk is full"
    again = asyncio.ensure_future(want(board, key_of(RUN[1]), 200))
    await until(lambda: key_of(RUN[1]) in honest.heard)
    await honest.say({key_of(RUN[1]): orjson.loads(RUN[1].compact)})
    assert await again is False


async def test_a_question_is_answered_or_passed_on(board: Board) -> None:
    board.storage.publish(RUN[:2])
    asks, other = Peer(board, B.id), Peer(board, keys_of(9).id)
    await streams(board, 2)
    here, there = key_of(RUN[1]), key_of(RUN[4])
    await asks.say({here: -1, there: -1})
    await until(lambda: here in asks.heard and there in other.heard)
    assert asks.heard == {here: orjson.loads(RUN[1].compact)}
    assert other.heard == {there: -2}
    await other.say({there: orjson.loads(RUN[4].compact)})
    await until(lambda: there in asks.heard)
    assert asks.heard[there] == orjson.loads(RUN[4].compact)


async def test_whom_the_author_blocks_gets_nothing_of_it(board: Board) -> None:
    board.storage.publish(RUN[:1])
    blocked, other = Peer(board, C.id), Peer(board, B.id)
    await streams(board, 2)
    for peer in (blocked, other):
        await peer.say({key_of(RUN[0]): -1})
    await until(lambda: bool(other.heard))
    await asyncio.sleep(0.1)
    assert blocked.heard == {}


async def test_whom_we_dialled_is_called_and_asked_for_what_was_wanted_before(board: Board) -> None:
    key, asked = key_of(RUN[2]), asyncio.Event()

    async def answer(call: Call, wanted: dict[str, Any]) -> None:
        assert wanted["type"] == "duplex"
        async for batch in call:
            if batch.json() == [{key: -1}]:
                asked.set()
                await call.send([orjson.dumps({key: orjson.loads(RUN[2].compact)})])

    assert await want(board, key, patient=False) is False
    assert await want(board, key, 10) is False
    board.network.strays["one"] = answer
    board.network.tell("connected", "one", B.id, client=True)
    board.network.tell("connected", "nobody", "x", client=True)
    board.network.tell("connected", "two", C.id, client=False)
    async with asyncio.timeout(PATIENCE_S):
        await asked.wait()
    await until(lambda: key in board.storage.strays)
    assert await want(board, key) is True


async def test_a_newer_stream_of_a_peer_takes_the_place_of_the_older(board: Board) -> None:
    older = Peer(board)
    await streams(board, 1)
    newer = Peer(board)
    await older._task
    await streams(board, 1)
    waiting = asyncio.ensure_future(want(board, key_of(RUN[0])))
    await until(lambda: key_of(RUN[0]) in newer.heard)
    await newer.say({key_of(RUN[0]): orjson.loads(RUN[0].compact)})
    assert await waiting is True


async def test_who_sends_no_objects_loses_the_stream(board: Board) -> None:
    peer = Peer(board)
    await streams(board, 1)
    await peer.stream.send([b"[]"])
    await until(lambda: "no object" in peer.error)
    await streams(board, 0)


async def test_streams_are_counted(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooo, "MAX_STREAMS", 1)
    Peer(board)
    await streams(board, 1)
    second = Peer(board, C.id)
    await second._task
    assert (await board.state())["refused"] == {"too many ooo streams": 1}


async def test_who_asks_too_much_waits(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooo, "TICK_SECONDS", 0.01)
    peer = Peer(board)
    await streams(board, 1)
    many: dict[str, Any] = {message_id(n.to_bytes(32)): -1 for n in range(1, 901)}
    for _ in range(2):
        await peer.say(many)
    await until(lambda: board.storage.looks > 0)
    assert (await board.state())["ooo"]["queries"] == len(many)


@pytest.mark.parametrize("wrong", [[], [{}], [{"id": NOWHERE}], [{"id": "x", "ms": 5}], ["x"]])
async def test_wrong_calls_are_refused(board: Board, wrong: list[Any]) -> None:
    with pytest.raises(BusError, match="needs an id"):
        await board.node.call("replication", "ooo.want", *wrong)
    with pytest.raises(BusError, match="for peers"):
        async with board.node.duplex("replication", "ooo.stream") as stream:
            await anext(stream)
