"""What is done over one connection when something goes wrong, and what `replicate.peers` says of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.bus import BusError, Call, PeerError
from common.graph import FOLLOW, Edge
from services.replication.adapters import talk
from services.replication.adapters.memories import Memories
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import until

A, B, X = keys_of(1), keys_of(2), keys_of(3)


@pytest.fixture(name="board")
async def board_that_follows_x(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Board]:
    monkeypatch.setattr(talk, "PATIENCE_SECONDS", 1.0)
    board = Board(tmp_path, A, [Edge(A.id, X.id, FOLLOW)])
    board.storage.publish(feed_of(X, 5))
    async with board.run():
        yield board


class Peer:
    """A peer that speaks EBT, or does not, and wants all of one feed."""

    def __init__(self, board: Board, name: str, *, client: bool, ebt: bool = True) -> None:
        self.called: list[str] = []
        self.messages = 0
        self.ebt = ebt
        self.give: list[bytes] = []
        board.network.answers[name] = self.answer
        board.network.tell("connected", name, B.id, client=client)

    async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
        self.called.append(".".join(wanted["name"]))
        if wanted["name"] == ["createHistoryStream"]:
            if wanted["args"][0]["id"] == X.id:
                await call.send(self.give)
            await asyncio.Event().wait()
        if not self.ebt:
            raise PeerError("method:ebt,replicate is not in list of allowed methods")
        await call.send([orjson.dumps({X.id: 0})])
        async for batch in call:
            self.messages += sum(b'"sequence"' in body for body in batch.bodies)


async def peers(board: Board) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await board.node.call("replication", "replicate.peers")).json()
    return found


async def test_a_session_that_our_log_ended_is_begun_again(board: Board) -> None:
    await board.state()
    board.storage.broken = "away"
    peer = Peer(board, "one", client=True)
    await until(lambda: len(peer.called) > 1)
    board.storage.broken = ""
    await until(lambda: peer.messages == 5)
    assert set(peer.called) == {"ebt.replicate"}


async def test_who_dialled_is_called_again_when_our_log_ended_its_session(board: Board) -> None:
    await board.state()
    board.storage.broken = "away"
    peer = Peer(board, "two", client=False)
    caller = board.caller(B.id, "two")
    stream = board.node.duplex("replication", "ebt.replicate", {"version": 3}, caller=caller)
    await stream.send([orjson.dumps({X.id: 0})])
    with pytest.raises(BusError, match="the log is away"):
        async for _ in stream:
            pass
    board.storage.broken = ""
    await until(lambda: peer.messages == 5)


async def test_who_dialled_and_says_nothing_is_called(board: Board) -> None:
    assert await peers(board) == []
    peer = Peer(board, "two", client=False)
    await until(lambda: peer.messages == 5)
    (seen,) = await peers(board)
    assert (seen["protocol"], seen["sending"], seen["messagesOut"]) == ("ebt 3", 1, 5)
    assert seen["stalled"] is None


async def test_who_called_before_its_connection_was_heard_of_is_not_called(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The word of the connection and the call come over two ways; the session does not stand when the first comes."""
    monkeypatch.setattr(talk, "PATIENCE_SECONDS", 0.1)
    asked, known = asyncio.Event(), asyncio.Event()

    async def load(_: object, _peer: object) -> dict[str, int]:
        asked.set()
        await known.wait()
        return {}

    monkeypatch.setattr(Memories, "load", load)
    caller = board.caller(B.id, "two")
    stream = board.node.duplex("replication", "ebt.replicate", {"version": 3}, caller=caller)
    await asked.wait()
    peer = Peer(board, "two", client=False)
    await until(lambda: peers(board))
    known.set()
    await stream.send([orjson.dumps({X.id: 0})])
    messages = 0
    async for batch in stream:
        messages += sum(b'"sequence"' in body for body in batch.bodies)
        if messages == 5:
            break
    await asyncio.sleep(5 * talk.PATIENCE_SECONDS)
    assert peer.called == []
    assert (await peers(board))[0]["protocol"] == "ebt 3"


async def test_a_peer_that_gives_histories_is_seen_too(board: Board) -> None:
    peer = Peer(board, "two", client=False, ebt=False)
    await until(lambda: "createHistoryStream" in peer.called)
    (seen,) = await peers(board)
    assert seen["protocol"] == "histories"
    assert seen["stalled"] == "it gave nothing of any history yet"
    board.network.tell("disconnected", "two", B.id, client=False)
    again = Peer(board, "again", client=True, ebt=False)
    again.give = [one.compact for one in feed_of(X, 7)[5:]]
    await until(lambda: board.storage.clock() == {X.id: 7})
    (seen,) = await peers(board)
    assert (seen["messagesIn"], seen["stalled"]) == (2, None)
    assert seen["asked"] == 2


async def test_it_is_told_why_nothing_is_exchanged(board: Board) -> None:
    Peer(board, "two", client=False)
    await until(lambda: peers(board))
    caller = board.caller(B.id, "two")
    stream = board.node.duplex("replication", "ebt.replicate", {"version": 3}, caller=caller)
    await stream.send([b"junk"])
    with pytest.raises(BusError):
        async for _ in stream:
            pass

    async def over() -> bool:
        protocol: str = (await peers(board))[0]["protocol"]
        return protocol == "none"

    await until(over)
    assert "its EBT session ended: invalid JSON" in (await peers(board))[0]["stalled"]
    assert (await peers(board))[0]["protocol"] == "none"
    assert (await board.state())["stalled"] == {(await peers(board))[0]["stalled"]: 1}


async def test_who_is_blocked_is_left(board: Board) -> None:
    Peer(board, "one", client=True)
    await until(lambda: peers(board))
    await board.node.call("replication", "replicate.block", A.id, B.id, True)
    await until(lambda: board.network.closed == ["one"])
