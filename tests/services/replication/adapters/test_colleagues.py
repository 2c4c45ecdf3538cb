"""Two workers of the service as one: each has its own peers, the first speaks for both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Call
from common.crypto.keys import Keys
from common.feed.validate import Verified
from common.graph import FOLLOW, Edge
from common.runtime.workers import owner
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import PATIENCE_S, until

FIRST, SECOND = PAIR = ("replication", "replication.2")
A, X = keys_of(1), keys_of(2)


def peer_of(worker: str) -> Keys:
    """A peer that belongs to this worker."""
    return next(k for k in map(keys_of, range(10, 60)) if owner(k.id, PAIR) == worker)


P, Q = peer_of(FIRST), peer_of(SECOND)


@pytest.fixture(name="board")
async def board_with_two_workers(tmp_path: Path) -> AsyncIterator[Board]:
    flags = ("--workers.replication", "2")
    board = Board(tmp_path, A, [Edge(A.id, X.id, FOLLOW)], flags=flags)
    board.storage.publish(feed_of(X, 5))
    async with board.run():
        yield board


class Peer:
    """A peer that says it has so much of X, and sends nothing."""

    def __init__(self, has: int) -> None:
        self.note = f'{{"{X.id}":{has * 2}}}'.encode()

    async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
        assert wanted["name"] == ["ebt", "replicate"]
        await call.send([self.note])
        async for _ in call:
            pass


class Sender:
    """A peer that has a run of messages and sends what it is asked for, some at a time."""

    def __init__(self, run: list[Verified]) -> None:
        self.run = run
        self.sent = 0

    async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
        assert wanted["name"] == ["ebt", "replicate"]
        await call.send([f'{{"{X.id}":{len(self.run) * 2 + 1}}}'.encode()])
        async for batch in call:
            for item in batch.json():
                note = item.get(X.id, -1)
                if note >= 0 and note % 2 == 0:
                    await self._send(call, note // 2)

    async def _send(self, call: Call, after: int) -> None:
        for n in range(after, len(self.run), 50):
            part = self.run[n : n + 50]
            await call.send([one.compact for one in part])
            self.sent += len(part)
            await asyncio.sleep(0.002)


async def ask(board: Board, worker: str, name: str, *args: object) -> Any:
    reply = await board.node.call(worker, name, *args)
    return reply.json() if reply.bodies else None


async def sessions(board: Board, worker: str) -> int:
    state = (await ask(board, worker, "health"))["state"]
    return int(state.get("sessions", 0))


async def both_connected(board: Board) -> None:
    for name, peer, has in (("one", P, 7), ("network/2", Q, 9)):
        board.network.answers[name] = Peer(has).answer
        board.network.tell("connected", name, peer.id, client=True)

    async def both() -> bool:
        return [await sessions(board, worker) for worker in PAIR] == [1, 1]

    await until(both)


async def upto(board: Board, worker: str) -> set[str]:
    async with board.node.source(worker, "replicate.upto") as stream:
        return {item["id"] async for batch in stream for item in batch.json()}


async def until_upto(board: Board, worker: str, feeds: set[str]) -> None:
    async def so() -> bool:
        with suppress(BusError):
            return await upto(board, worker) == feeds
        return False

    await until(so)


async def test_each_peer_is_spoken_with_by_its_worker_and_all_are_told_of(board: Board) -> None:
    await both_connected(board)

    async def told() -> dict[str, Any] | None:
        status: dict[str, Any] = await ask(board, FIRST, "ebt.peerStatus", X.id)
        seen = {peer: one.get("seq") for peer, one in status["peers"].items()}
        return status if seen == {P.id: 7, Q.id: 9} else None

    status = await until(told)
    assert status["seq"] == 5
    assert set((await ask(board, SECOND, "ebt.peerStatus", X.id))["peers"]) == {Q.id}
    assert {peer["id"] for peer in await ask(board, FIRST, "replicate.peers")} == {P.id, Q.id}


async def test_two_workers_that_are_sent_the_same_feed_lose_and_blame_nothing(board: Board) -> None:
    run = feed_of(X, 3_000)
    senders = {P.id: Sender(run), Q.id: Sender(run)}
    for name, peer in (("one", P), ("network/2", Q)):
        board.network.answers[name] = senders[peer.id].answer
        board.network.tell("connected", name, peer.id, client=True)
    await until(lambda: board.storage.clock()[X.id] >= len(run))
    assert [await sessions(board, worker) for worker in PAIR] == [1, 1]
    assert not board.network.refused
    for worker in PAIR:
        assert not (await ask(board, worker, "health"))["state"]["refused"]
    assert sum(sender.sent for sender in senders.values()) < 3 * len(run)


async def test_progress_is_that_of_all(board: Board) -> None:
    async with board.node.source(FIRST, "replicate.changes") as stream:
        await both_connected(board)
        async with asyncio.timeout(PATIENCE_S):
            async for batch in stream:
                told = batch.json()[-1]
                if told["pendingPeers"] == {P.id: 1, Q.id: 1} and told["total"] == 9:
                    break
    assert (told["progress"], told["incompleteFeeds"], told["feeds"]) == (5, 1, 1)


async def test_what_the_first_is_asked_for_all_do_and_an_heir_takes_it_over(board: Board) -> None:
    await ask(board, FIRST, "replicate.request", P.id)
    await until_upto(board, SECOND, {A.id, X.id, P.id})
    board.services[FIRST].cancel()
    await asyncio.gather(board.services[FIRST], return_exceptions=True)
    board.start(FIRST, 1)
    await until_upto(board, FIRST, {A.id, X.id, P.id})
    await ask(board, FIRST, "ebt.forget", P.id)
    await until_upto(board, SECOND, {A.id, X.id})
