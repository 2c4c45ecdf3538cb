"""Histories fetched from a peer that tests play, over a real bus."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common.bus import Call, PeerError
from common.feed.validate import Head
from common.graph import FOLLOW, NEITHER, Edge
from services.replication.adapters import peers, talk
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import until

A, B, X, Y = keys_of(1), keys_of(2), keys_of(3), keys_of(4)
RUN = feed_of(X, 5)
OTHER = feed_of(X, 5, Head(bytes(32), 1))


class Peer:
    """A peer without EBT, with the histories it gives and what it was asked."""

    def __init__(self) -> None:
        self.gives: dict[str, list[bytes]] = {}
        self.asked: list[dict[str, Any]] = []
        self.open: set[str] = set()
        self.unable = False

    async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
        if wanted["name"] != ["createHistoryStream"] or self.unable:
            raise PeerError(f"method:{','.join(wanted['name'])} is not in list of allowed methods")
        options = wanted["args"][0]
        feed = options["id"]
        self.asked.append(options)
        self.open.add(feed)
        try:
            await call.send(self.gives.get(feed, []))
            async for _ in call:
                pass
        finally:
            self.open.discard(feed)


@pytest.fixture(name="board")
async def board_that_follows_x(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, A, [Edge(A.id, X.id, FOLLOW), Edge(A.id, Y.id, FOLLOW)])
    async with board.run():
        yield board


def meet(board: Board, peer: Peer, *, client: bool = True) -> None:
    board.network.answers["one"] = peer.answer
    board.network.tell("connected", "one", B.id, client=client)


async def test_histories_are_fetched_from_who_has_no_ebt(board: Board) -> None:
    peer = Peer()
    peer.gives[X.id] = [one.compact for one in RUN]
    meet(board, peer)
    await until(lambda: board.storage.clock() == {X.id: 5})
    assert {"id": X.id, "seq": 1, "live": True, "keys": False} in peer.asked
    assert {options["id"] for options in peer.asked} == {A.id, X.id, Y.id}
    board.network.tell("disconnected", "one", B.id, client=True)
    await until(lambda: not peer.open)


@pytest.mark.parametrize(
    ("bodies", "stored", "reason"),
    [
        ([RUN[0].compact, RUN[2].compact], 0, "expected sequence 2 but got 3"),
        ([RUN[0].compact, RUN[0].compact], 0, "expected sequence 2 but got 1"),
        ([RUN[0].compact, RUN[1].compact.replace(b'"1"', b'"2"')], 1, "invalid signature"),
        ([b"{}"], 0, "expected a message"),
        ([feed_of(Y, 1)[0].compact], 0, f"expected a message of {X.id}"),
        ([b"{"], 0, "invalid JSON"),
    ],
)
async def test_a_bad_history_is_ended_with_a_reason(
    board: Board,
    caplog: pytest.LogCaptureFixture,
    bodies: list[bytes],
    stored: int,
    reason: str,
) -> None:
    caplog.set_level(logging.INFO)
    peer = Peer()
    peer.gives[X.id] = bodies
    peer.gives[Y.id] = [feed_of(Y, 1)[0].compact]
    meet(board, peer)
    await until(lambda: f"a history ended: {reason}" in caplog.text)
    await until(lambda: X.id not in peer.open)
    await until(lambda: board.storage.clock().get(Y.id) == 1)
    assert board.storage.clock().get(X.id, 0) == stored


async def test_a_forked_history_is_given_up(board: Board) -> None:
    board.storage.publish(RUN[:1])
    await until(lambda: True)
    peer = Peer()
    peer.gives[X.id] = [OTHER[0].compact]
    meet(board, peer)
    await until(lambda: X.id in {options["id"] for options in peer.asked})
    await until(lambda: X.id not in peer.open)
    assert board.storage.clock() == {X.id: 1}


async def test_feeds_come_and_go_with_the_graph(board: Board) -> None:
    peer = Peer()
    meet(board, peer)
    await until(lambda: X.id in peer.open)
    board.indexing.draw(Edge(A.id, X.id, NEITHER), Edge(A.id, B.id, FOLLOW))
    await until(lambda: X.id not in peer.open and B.id in peer.open)


async def test_a_peer_that_knows_no_histories_is_left_alone(board: Board) -> None:
    peer = Peer()
    peer.unable = True
    meet(board, peer)
    board.indexing.draw(Edge(A.id, B.id, FOLLOW))
    await board.stands(lambda state: not state["sessions"])


async def test_who_dialled_and_does_nothing_is_asked_too(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "PATIENCE_SECONDS", 0.05)
    peer = Peer()
    meet(board, peer, client=False)
    await until(lambda: X.id in peer.open)


async def test_own_connections_and_junk_are_passed_over(board: Board) -> None:
    peer = Peer()
    board.network.answers["own"] = peer.answer
    board.network.tell("connected", "own", A.id, client=True)
    board.network.changes_made.append({"type": "connected"})
    board.network.tell("connected", "junk", "nobody", client=True)
    board.network.tell("disconnected", "never", B.id, client=True)
    meet(board, peer)
    await until(lambda: X.id in peer.open)
    await until(lambda: len(peer.asked) == 3)


async def test_silent_peers_make_room_for_others(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(peers, "MAX_FETCHES", 20)
    silent, honest = Peer(), Peer()
    honest.gives[X.id] = [one.compact for one in RUN]
    meet(board, silent)
    await until(lambda: X.id in silent.open)
    board.network.answers["two"] = honest.answer
    board.network.tell("connected", "two", Y.id, client=True)
    await until(lambda: board.storage.clock() == {X.id: 5})
    await until(lambda: not silent.open)
    state = await board.state()
    assert state["refused"]["too many histories to fetch"] >= 1


async def test_who_sends_a_forged_history_is_refused_and_not_asked_for_it_again(
    board: Board,
) -> None:
    peer = Peer()
    peer.gives[X.id] = [RUN[0].compact.replace(b'"text":"0"', b'"text":"1"')]
    meet(board, peer)
    await until(lambda: bool(board.network.refused))
    assert board.network.refused[0]["feed"] == B.id
    asked = len(peer.asked)
    board.network.tell("disconnected", "one", B.id, client=True)
    board.network.answers["again"] = peer.answer
    board.network.tell("connected", "again", B.id, client=True)
    board.indexing.draw(Edge(A.id, Y.id, FOLLOW))
    await until(lambda: Y.id in peer.open)
    assert X.id not in [request["id"] for request in peer.asked[asked:]]
