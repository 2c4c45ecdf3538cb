"""What callers of the service get, over a real bus."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Stream
from common.crypto.keys import Keys
from common.feed.create import create
from common.feed.json import Json, compact
from common.feed.record import Record
from common.feed.validate import Head, Verified, verify_raw
from common.graph import BLOCK, FOLLOW, Edge
from common.refs import message_id
from common.runtime.limits import Shares
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import until

A, B, X = keys_of(1), keys_of(2), keys_of(3)
RUN = feed_of(X, 450)


def contact(keys: Keys, head: Head, to: str) -> Verified:
    content: Json = {"type": "contact", "contact": to, "blocking": True}
    message = compact(create(head, keys, None, content, 1_800_000_000_000)).encode()
    verified = verify_raw(message, None)
    assert isinstance(verified, Verified)
    return verified


@pytest.fixture(name="board")
async def board_that_follows_x(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, A, [Edge(A.id, X.id, FOLLOW)])
    board.storage.publish(RUN)
    async with board.run():
        yield board


def ask(board: Board, *args: Any, feed: str = B.id) -> Stream:
    return board.node.source("replication", "createHistoryStream", *args, caller=board.caller(feed))


async def read(board: Board, *args: Any, feed: str = B.id) -> list[Any]:
    return [item async for batch in ask(board, *args, feed=feed) for item in batch.json()]


async def test_a_history_is_given_whole_in_the_shape_asked_for(board: Board) -> None:
    items = await read(board, {"id": X.id})
    assert [item["value"]["sequence"] for item in items] == list(range(1, 451))
    assert set(items[0]) == {"key", "value", "timestamp"}
    bodies = [
        body
        async for batch in ask(board, {"id": X.id, "keys": False, "seq": 449})
        for body in batch.bodies
    ]
    assert bodies == [one.compact for one in RUN[448:]]
    keys = await read(board, {"id": X.id, "values": False, "limit": 2})
    assert keys == [message_id(one.key) for one in RUN[:2]]
    assert await read(board, X.id, 440) == []  # ssb-replicate knows objects only


@pytest.mark.parametrize(
    "options",
    [{"seq": 451}, {"limit": 0}, {"id": B.id}],
)
async def test_nothing_to_give_ends_at_once(board: Board, options: dict[str, Any]) -> None:
    assert await read(board, {"id": X.id, **options}) == []


async def test_a_live_history_goes_on(board: Board) -> None:
    async with ask(board, {"id": X.id, "live": True, "seq": 451, "keys": False}) as stream:
        board.storage.publish(feed_of(X, 1, Head(RUN[-1].key, 450)))
        batch = await anext(stream)
        assert batch.json()[0]["sequence"] == 451


async def test_who_the_author_blocks_gets_nothing(board: Board) -> None:
    board.indexing.draw(Edge(X.id, B.id, BLOCK))

    async def nothing() -> bool:
        return not await read(board, {"id": X.id, "limit": 1})

    await until(nothing)
    assert await read(board, {"id": X.id, "seq": "x"}) == []
    assert len(await read(board, {"id": X.id, "limit": 3}, feed=A.id)) == 3


async def test_a_history_stops_at_the_block_of_the_caller(board: Board) -> None:
    block = contact(X, Head(RUN[-1].key, 450), B.id)
    board.storage.publish([block])
    board.storage.publish(feed_of(X, 1, Head(block.key, 451)))
    assert len(await read(board, {"id": X.id, "keys": False})) == 450
    assert len(await read(board, {"id": X.id, "keys": False}, feed=A.id)) == 452


async def test_a_history_ends_before_a_deleted_message(board: Board) -> None:
    records = board.storage.feeds[X.id]
    records[3] = records[3][:81]
    assert Record.parse(records[3]).message == b""
    for options in ({"limit": 5}, {"limit": 5, "live": True}, {"live": True}):
        items = await read(board, {"id": X.id, "keys": False, **options})
        assert [value["sequence"] for value in items] == [1, 2, 3]
    items = await read(board, {"id": X.id, "keys": False, "seq": 5, "limit": 2})
    assert [value["sequence"] for value in items] == [5, 6]


async def test_wrong_arguments_are_refused(board: Board) -> None:
    with pytest.raises(BusError) as caught:
        await read(board, {"id": X.id, "seq": "x"})
    assert caught.value.message == "Param 0 must by of type feedId"
    assert await read(board) == []


async def test_ebt_is_for_peers_only(board: Board) -> None:
    stream = board.node.duplex("replication", "ebt.replicate", {"version": 3})
    with pytest.raises(BusError, match="for peers"):
        await anext(stream)


async def test_health_tells_what_is_under_way(board: Board) -> None:
    await read(board, {"id": X.id, "limit": 1})
    health = (await board.node.call("replication", "health")).json()
    del health["state"]["process"]
    traffic = health["state"].pop("traffic")
    assert traffic.pop("bytesOut") > 100
    assert traffic == {"messagesIn": 0, "bytesIn": 0, "messagesOut": 1}
    assert health == {
        "service": "replication",
        "ready": True,
        "state": {
            "state": "ok",
            "feeds": 1,
            "wanted": 2,
            "left_out": 0,
            "sessions": 0,
            "histories": 0,
            "refused": {},
            "notes_passed_over": 0,
            "over_limit": 0,
            "ooo": {"queries": 0, "streams": 0},
            "incomplete": 0,
            "stalled": {},
        },
    }


async def test_histories_of_one_peer_are_bounded_and_the_owner_s_are_not(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shares, "enter", lambda *_: False)
    with pytest.raises(BusError, match="too many histories at once"):
        await read(board, {"id": X.id})
    options = {"id": X.id, "keys": False}
    owner = board.node.source("replication", "createHistoryStream", options)
    assert sum([len(batch.bodies) async for batch in owner]) == 450
    state = await board.state()
    assert state["refused"] == {"too many histories": 1}
