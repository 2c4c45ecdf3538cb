"""Our own feed while it is locked: peers are asked for it and what they have of it is told to storage."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common.bus import Call, PeerError
from common.feed.validate import Head
from services.replication.adapters import own_feed
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import until

OWN, B = keys_of(1), keys_of(2)
RUN = feed_of(OWN, 5)
OTHER = feed_of(OWN, 2, Head(bytes(32), 2))


class Peer:
    """A peer that gives our history from what it has; its EBT stays silent."""

    def __init__(self) -> None:
        self.has = [one.compact for one in RUN]
        self.asked: list[dict[str, Any]] = []
        self.slow = False

    async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
        if wanted["name"] != ["createHistoryStream"]:
            async for _ in call:
                pass
            return
        options = wanted["args"][0]
        self.asked.append(options)
        if self.slow:
            await asyncio.sleep(60)
        await call.send(self.has[options["seq"] - 1 :])


@pytest.fixture(name="board")
async def locked_board(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, OWN, [])
    board.storage.publish(RUN[:3])
    async with board.run():
        yield board


def meet(board: Board, peer: Peer, name: str = "one", feed: str = B.id) -> None:
    board.network.answers[name] = peer.answer
    board.network.tell("connected", name, feed, client=True)


async def test_history_of_our_feed_comes_from_who_has_it(board: Board) -> None:
    peer = Peer()
    meet(board, peer)
    await asyncio.sleep(2 * own_feed.TELL_SECONDS)
    assert peer.asked == [], "nothing is asked while nothing is locked"
    board.storage.lock(locked=True)
    await until(lambda: board.storage.seen == {B.id: 5})
    assert peer.asked == [{"id": OWN.id, "seq": 3, "keys": False, "live": False}]
    await until(lambda: board.storage.clock()[OWN.id] == 5)
    assert board.storage.brought == [[B.id, 2]]


async def test_connection_that_stands_is_asked_once_without_any_lock(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_feed, "CALM_SECONDS", 0.1)
    peer = Peer()
    meet(board, peer)
    await until(lambda: board.storage.clock()[OWN.id] == 5)
    await asyncio.sleep(3 * own_feed.TELL_SECONDS)
    assert [one["seq"] for one in peer.asked] == [3]
    assert board.storage.seen == {}


async def test_feed_without_messages_is_asked_of_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_feed, "CALM_SECONDS", 0)
    peer = Peer()
    async with Board(tmp_path, OWN, []).run() as board:
        meet(board, peer)
        await asyncio.sleep(3 * own_feed.TELL_SECONDS)
    assert peer.asked == []


async def test_another_message_at_our_head_is_shown_to_storage(board: Board) -> None:
    peer = Peer()
    peer.has[2:] = [one.compact for one in OTHER]
    meet(board, peer)
    board.storage.lock(locked=True)
    await until(lambda: board.storage.brought == [[B.id, 2]])
    assert board.storage.clock()[OWN.id] == 3


async def test_what_comes_out_of_order_ends_the_history(board: Board) -> None:
    peer = Peer()
    peer.has[3] = RUN[4].compact
    meet(board, peer)
    board.storage.lock(locked=True)
    await until(lambda: len(peer.asked) == 1)
    other = Peer()
    meet(board, other, "two", keys_of(3).id)
    await until(lambda: board.storage.clock()[OWN.id] == 5)


async def test_peer_that_keeps_us_waiting_lets_others_be_asked(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_feed, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(own_feed, "AGAIN_SECONDS", 1.0)
    slow, quick = Peer(), Peer()
    slow.slow = True
    meet(board, slow)
    meet(board, quick, "two", keys_of(3).id)
    board.storage.lock(locked=True)
    await until(lambda: board.storage.clock()[OWN.id] == 5)
    assert slow.asked


async def test_forged_history_counts_against_its_peer(board: Board) -> None:
    peer = Peer()
    peer.has[3] = RUN[3].compact.replace(b'"text":"3"', b'"text":"9"')
    meet(board, peer)
    board.storage.lock(locked=True)
    await until(lambda: len(peer.asked) == 1)
    await asyncio.sleep(0.2)
    assert board.storage.clock()[OWN.id] == 3


async def test_notes_of_peers_are_told_until_the_lock_is_off(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, hear = [False], own_feed.OwnFeed._set

    async def heard(self: own_feed.OwnFeed, *, locked: bool) -> None:
        await hear(self, locked=locked)
        known.append(locked)

    monkeypatch.setattr(own_feed.OwnFeed, "_set", heard)
    board.storage.lock(locked=True)
    caller = board.caller(B.id)
    async with board.node.duplex(
        "replication", "ebt.replicate", {"version": 3}, caller=caller
    ) as stream:
        await stream.send([f'{{"{OWN.id}":{5 * 2}}}'.encode()])
        await until(lambda: board.storage.seen == {B.id: 5})
        board.storage.lock(locked=False)
        await until(lambda: known[-2:] == [True, False])
        await stream.send([f'{{"{OWN.id}":{7 * 2}}}'.encode()])
        await asyncio.sleep(2 * own_feed.TELL_SECONDS)
        assert board.storage.seen == {B.id: 5}
        board.storage.lock(locked=True)
        await until(lambda: board.storage.seen == {B.id: 7})


async def test_storage_that_comes_back_is_followed_again(board: Board) -> None:
    board.storage.lock(locked=True)
    meet(board, Peer())
    await until(lambda: board.storage.seen == {B.id: 5})
    board.storage.seen.clear()
    await board.storage_node.stop()
    await board.storage_node.start()
    await until(lambda: B.id in board.storage.seen)


async def test_peer_without_histories_is_no_matter(board: Board) -> None:
    async def unable(_: Call, wanted: dict[str, Any]) -> None:
        raise PeerError(f"method:{','.join(wanted['name'])} is not in list of allowed methods")

    board.network.answers["one"] = unable
    board.network.tell("connected", "one", B.id, client=True)
    board.storage.lock(locked=True)
    meet(board, Peer(), "two", keys_of(3).id)
    await until(lambda: board.storage.clock()[OWN.id] == 5)
