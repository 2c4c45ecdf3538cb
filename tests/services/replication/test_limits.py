"""The limits that an operator may set, each against a peer that tests play."""

import asyncio
from pathlib import Path
from typing import Any

import orjson

from common.bus import Call, PeerError, Stream
from common.graph import FOLLOW, Edge
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import until

A, B, X, Y = (keys_of(n) for n in range(1, 5))
RUN = [one.compact for one in feed_of(X, 9)]
HALF = sum(map(len, RUN[:4]))


def board_with(folder: Path, *flags: str) -> Board:
    edges = [Edge(A.id, keys.id, FOLLOW) for keys in (X, Y)]
    return Board(folder, A, edges, flags=flags)


class Ebt:
    """A session of a peer: what it heard last of each feed, and how many messages."""

    def __init__(self, board: Board) -> None:
        caller = board.caller(B.id)
        self.stream: Stream = board.node.duplex(
            "replication", "ebt.replicate", {"version": 3}, caller=caller
        )
        self.notes: dict[str, int] = {}
        self.messages = 0
        self._task = asyncio.ensure_future(self._hear())

    async def _hear(self) -> None:
        async for batch in self.stream:
            for item in batch.json():
                if "sequence" in item:
                    self.messages += 1
                else:
                    self.notes.update(item)

    async def tell(self, notes: dict[str, int]) -> None:
        await self.stream.send([orjson.dumps(notes)])

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Histories:
    """A peer without EBT that has the whole feed."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
        if wanted["name"] == ["ebt", "replicate"]:
            raise PeerError("method:ebt,replicate is not in list of allowed methods")
        options = wanted["args"][0]
        self.asked.append(options)
        if options["id"] == X.id:
            await call.send(RUN[options["seq"] - 1 :])
        await asyncio.Event().wait()


def meet(board: Board, peer: Histories) -> None:
    board.network.answers["one"] = peer.answer
    board.network.tell("connected", "one", B.id, client=True)


async def test_a_feed_is_taken_up_to_its_limit_over_ebt(tmp_path: Path) -> None:
    board = board_with(tmp_path, "--replication.maxMessagesPerFeed", "3")
    async with board.run():
        peer = Ebt(board)
        await until(lambda: peer.notes.get(X.id) == 0)
        await peer.tell({X.id: 9 << 1})
        await peer.stream.send(RUN)
        await until(lambda: board.storage.clock() == {X.id: 3})
        await until(lambda: peer.notes[X.id] == 3 << 1 | 1)
        state = await board.state()
        assert (state["over_limit"], state["refused"]) == (6, {})
        assert board.storage.clock() == {X.id: 3}
        await peer.stop()


async def test_a_feed_is_taken_up_to_its_limit_as_a_history(tmp_path: Path) -> None:
    board = board_with(tmp_path, "--replication.maxMessagesPerFeed", "3")
    async with board.run():
        peer = Histories()
        meet(board, peer)
        await until(lambda: board.storage.clock() == {X.id: 3})
        board.network.tell("disconnected", "one", B.id, client=True)
        asked = len(peer.asked)
        meet(board, peer)
        await until(lambda: Y.id in [options["id"] for options in peer.asked[asked:]])
        assert X.id not in [options["id"] for options in peer.asked[asked:]]
        assert board.storage.clock() == {X.id: 3}


async def test_a_peer_that_used_up_its_bytes_rests_until_the_window_is_over(tmp_path: Path) -> None:
    flags = ("--replication.maxPeerBytes", str(HALF), "--replication.peerBytesWindow", "3000")
    board = board_with(tmp_path, *flags)
    async with board.run():
        peer = Ebt(board)
        await until(lambda: peer.notes.get(X.id) == 0)
        await peer.tell({X.id: 9 << 1})
        await peer.stream.send(RUN[:5])
        await until(lambda: peer.notes[X.id] & 1 == 1)
        assert (await board.state())["refused"] == {"bytes of a peer used up": 1}
        await until(lambda: peer.notes[X.id] == 5 << 1)
        await peer.stream.send(RUN[5:])
        await until(lambda: board.storage.clock() == {X.id: 9})
        await peer.stop()


async def test_histories_of_a_peer_rest_too(tmp_path: Path) -> None:
    flags = ("--replication.maxPeerBytes", str(HALF), "--replication.peerBytesWindow", "2000")
    board = board_with(tmp_path, *flags)
    async with board.run():
        peer = Histories()
        meet(board, peer)
        await until(lambda: board.storage.clock() == {X.id: 9})
        assert (await board.state())["refused"] == {"bytes of a peer used up": 1}
        asked = len(peer.asked)
        await until(lambda: len(peer.asked) >= asked + 2)
        caller = board.caller(B.id)
        options = {"id": X.id, "live": True}
        stream = board.node.source("replication", "createHistoryStream", options, caller=caller)
        given = await anext(stream)
        assert len(given.bodies) == 9
        await until(lambda: board.storage.clock() == {X.id: 9})
        assert (await board.state())["refused"] == {"bytes of a peer used up": 2}


async def test_who_goes_on_although_it_should_rest_is_not_verified(tmp_path: Path) -> None:
    flags = ("--replication.maxPeerBytes", "10", "--replication.peerBytesWindow", "600000")
    board = board_with(tmp_path, *flags)
    async with board.run():
        peer = Ebt(board)
        await until(lambda: X.id in peer.notes)
        for _ in range(5):
            await peer.stream.send([b"{}" + b" " * 1_000_000])
        await peer.stream.send(RUN)

        async def came() -> object:
            (seen,) = (await board.node.call("replication", "replicate.peers")).json()
            return seen["messagesIn"]

        await until(came)
        assert board.storage.clock() == {}
        (seen,) = (await board.node.call("replication", "replicate.peers")).json()
        assert seen["stalled"] == "it used up its bytes for now"
        await peer.stop()
