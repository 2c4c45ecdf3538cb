"""One EBT session with a peer that tests play, honest or not, over a real bus."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.bus import BusError, Call, Stream
from common.feed.validate import Head
from common.graph import BLOCK, FOLLOW, Edge
from common.runtime.limits import Buckets
from services.replication import conduct
from services.replication.adapters import appender, hub, link
from tests.support.suite import Board, feed_of, keys_of
from tests.support.waiting import PATIENCE_S, until

A, B, X, Y = keys_of(1), keys_of(2), keys_of(3), keys_of(4)
RUN = feed_of(X, 5)
OTHER = feed_of(X, 5, Head(bytes(32), 1))


@pytest.fixture(name="board")
async def board_that_follows_all(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, A, [Edge(A.id, k.id, FOLLOW) for k in (B, X, Y)])
    async with board.run():
        yield board


class Peer:
    """What a peer sends and hears on one stream."""

    def __init__(self, board: Board, keys: Any = B, version: int = 3) -> None:
        self.stream: Stream = board.node.duplex(
            "replication", "ebt.replicate", {"version": version}, caller=board.caller(keys.id)
        )
        self.heard: list[dict[str, Any]] = []

    async def send(self, *items: object) -> None:
        raw = [i if isinstance(i, bytes) else orjson.dumps(i) for i in items]
        await self.stream.send(raw)

    async def hear(self) -> dict[str, Any]:
        while not self.heard:
            async with asyncio.timeout(PATIENCE_S):
                self.heard += (await anext(self.stream)).json()
        return self.heard.pop(0)

    async def told(self, feed: str) -> int:
        """The next note about a feed."""
        while True:
            item = await self.hear()
            if feed in item:
                return int(item[feed])

    async def sequence(self) -> int:
        """The sequence of the next message."""
        while "sequence" not in (item := await self.hear()):
            pass
        return int(item["sequence"])

    async def drain(self) -> None:
        """Reads to the end."""
        async for _ in self.stream:
            pass

    async def error(self) -> str:
        """What the session ended with."""
        with pytest.raises(BusError) as caught:
            await self.drain()
        return caught.value.message


async def test_messages_come_in_and_go_out(board: Board) -> None:
    peer = Peer(board)
    assert await peer.told(X.id) == 0
    await peer.send({X.id: 10}, *(one.compact for one in RUN))
    await until(lambda: board.storage.clock() == {X.id: 5})
    reader = Peer(board, Y)
    while await reader.told(X.id) != 11:
        pass
    await reader.send({X.id: 0})
    assert [await reader.sequence() for _ in RUN] == [1, 2, 3, 4, 5]
    await reader.stream.end()
    await reader.drain()


async def test_version_2_is_spoken_with_who_asks_for_it(board: Board) -> None:
    board.storage.publish(RUN)
    first, second = Peer(board), Peer(board, Y, version=2)
    await first.told(B.id)
    notes = await second.hear()
    assert notes[X.id] in (5, ~5, 0)
    await second.send({X.id: ~2})
    await second.send({X.id: 2})
    assert await second.sequence() == 3


async def test_forged_message_ends_the_session_and_nothing_of_it_is_stored(board: Board) -> None:
    peer, honest = Peer(board), Peer(board, Y)
    forged = RUN[1].compact.replace(b'"text":"1"', b'"text":"2"')
    await peer.told(X.id)
    await peer.send(RUN[0].compact, forged, RUN[2].compact)
    assert await peer.error() == "invalid signature"
    await until(lambda: board.storage.clock() == {X.id: 1})
    await honest.send({Y.id: 0})
    again = Peer(board)
    assert X.id not in await again.hear()


async def test_message_that_says_two_things_is_refused(board: Board) -> None:
    peer = Peer(board)
    await peer.told(X.id)
    head, tail = RUN[0].compact.split(b',"timestamp"', 1)
    await peer.send(head + b',"sequence":2,"timestamp"' + tail)
    assert await peer.error()
    assert board.storage.clock() == {}


@pytest.mark.parametrize("item", [b"{", b"[]", b'"x"', b'{"previous":null,'])
async def test_junk_ends_the_session(board: Board, item: bytes) -> None:
    peer, other = Peer(board), Peer(board, Y)
    await peer.told(X.id)
    await peer.send(item)
    assert await peer.error()
    await other.told(X.id)


async def test_what_is_no_json_ends_the_session(board: Board) -> None:
    peer = Peer(board)
    await peer.told(X.id)
    await peer.stream.send([b"text"], types=b"\x01")
    assert await peer.error() == "expected JSON"


async def test_gap_stops_that_feed_with_that_peer(board: Board) -> None:
    peer = Peer(board)
    await peer.told(X.id)
    await peer.send(RUN[0].compact, RUN[2].compact)
    assert await peer.told(X.id) == -1
    await peer.send(RUN[1].compact)
    run = feed_of(Y, 1)
    await peer.send(run[0].compact)
    await until(lambda: Y.id in board.storage.clock())
    assert board.storage.clock() == {X.id: 1, Y.id: 1}


async def test_replayed_messages_are_dropped(board: Board) -> None:
    peer = Peer(board)
    await peer.told(X.id)
    await peer.send(RUN[0].compact, RUN[0].compact, RUN[1].compact, RUN[0].compact)
    await until(lambda: board.storage.clock() == {X.id: 2})


async def test_fork_stops_that_feed_with_that_peer(board: Board) -> None:
    peer, honest = Peer(board), Peer(board, Y)
    await peer.told(X.id)
    await peer.send(RUN[0].compact, OTHER[0].compact)
    assert await peer.told(X.id) == -1
    while await honest.told(X.id) >> 1 != 1:
        pass
    await honest.send(RUN[1].compact)
    await until(lambda: board.storage.clock() == {X.id: 2})


async def test_a_second_session_of_a_peer_ends_the_first(board: Board) -> None:
    first = Peer(board)
    await first.told(X.id)
    second = Peer(board)
    assert await first.error() == "reconnected to peer"
    await second.told(X.id)


async def test_a_blocked_peer_is_left(board: Board) -> None:
    peer = Peer(board)
    await peer.told(X.id)
    board.indexing.draw(Edge(A.id, B.id, BLOCK))
    await peer.drain()


async def test_a_hole_in_the_log_is_not_passed(board: Board) -> None:
    board.storage.publish(RUN)
    records = board.storage.feeds[X.id]
    records[2] = records[2][:81]
    peer = Peer(board)
    await peer.told(X.id)
    await peer.send({X.id: 0})
    assert [await peer.sequence(), await peer.sequence()] == [1, 2]


async def test_a_log_that_cannot_be_read_ends_the_session(board: Board) -> None:
    board.storage.publish(RUN)
    while not (await board.state())[
        "feeds"
    ]:  # what comes after the note would be sent without reading
        await asyncio.sleep(0.005)
    peer = Peer(board)
    await peer.told(X.id)
    board.storage.broken = "no disk"
    await peer.send({X.id: 0})
    assert await peer.error() == "the log is away"


async def test_messages_the_log_lost_are_asked_for_again(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender, "RETRY_SECONDS", 0.01)
    peer = Peer(board)
    await peer.told(X.id)
    board.storage.broken = "no disk"
    await peer.send(RUN[0].compact, RUN[1].compact)
    assert [await peer.told(X.id), await peer.told(X.id)] == [-1, 0]  # refused, and asked anew
    board.storage.broken = ""
    await peer.send(*(one.compact for one in RUN))
    await until(lambda: board.storage.clock() == {X.id: 5})


async def test_a_fork_that_only_the_log_sees_stops_the_feed(board: Board) -> None:
    peer = Peer(board)
    await peer.told(X.id)
    await peer.send(RUN[0].compact)
    await until(lambda: board.storage.clock() == {X.id: 1})
    board.storage.refuse = "fork"
    await peer.send(RUN[1].compact)
    assert await peer.told(X.id) == -1


async def test_more_than_the_log_takes_at_once_waits(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender, "MAX_WAITING", 10)
    monkeypatch.setattr(appender, "MAX_CANDIDATES", 5)
    peer = Peer(board)
    await peer.told(X.id)
    await peer.send(*(one.compact for one in feed_of(X, 200)))
    await until(lambda: board.storage.clock() == {X.id: 200})
    assert board.storage.appends >= 40


async def test_a_slow_peer_gets_all_in_the_end(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WAITING_IN_ALL", 5_000)
    monkeypatch.setattr(link, "LEAST_WAITING", 1_000)
    monkeypatch.setattr(hub, "READ_BYTES", 10_000)
    run = feed_of(X, 600)
    board.storage.publish(run[:400])
    peer = Peer(board)
    await peer.told(B.id)
    await peer.send({X.id: 0})
    await asyncio.sleep(0.05)
    board.storage.publish(run[400:])
    assert [await peer.sequence() for _ in run] == list(range(1, 601))


async def test_who_forges_is_refused_for_growing_time_and_nobody_else(board: Board) -> None:
    honest = Peer(board, Y)
    for keys in (X, Y):
        peer = Peer(board)
        await peer.send({keys.id: 100 << 1})
        await peer.told(keys.id)
        await peer.send(feed_of(keys, 1)[0].compact.replace(b'"text":"0"', b'"text":"1"'))
        assert await peer.error()
    await until(lambda: len(board.network.refused) == 2)
    assert [(one["feed"], one["seconds"]) for one in board.network.refused] == [
        (B.id, 60),
        (B.id, 120),
    ]
    state = await board.state()
    assert state["refused"] == {conduct.FORGED: 2}
    await honest.send({X.id: 5 << 1}, *(one.compact for one in RUN))
    await until(lambda: board.storage.clock() == {X.id: 5})


async def test_who_repeats_itself_too_often_is_refused(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conduct, "MAX_POINTS", 50)
    peer = Peer(board)
    await peer.send({X.id: 100 << 1})
    await peer.told(X.id)
    await peer.send(*[RUN[0].compact] * 51)
    assert await peer.error() == conduct.TOO_MUCH
    await until(lambda: bool(board.network.refused))


async def test_a_refusal_that_nobody_hears_is_no_disaster(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conduct, "MAX_POINTS", 5)
    monkeypatch.setattr(board.network, "refused", None)
    peer = Peer(board)
    await peer.send({X.id: 100 << 1})
    await peer.send(*[RUN[0].compact] * 7)
    assert await peer.error() == conduct.TOO_MUCH
    await Peer(board).told(X.id)


async def test_notes_wait_when_they_are_too_many(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "NOTES_PER_TURN", 2)
    monkeypatch.setattr(Buckets, "_level", lambda *_: 0.0)
    monkeypatch.setattr(hub, "NOTES_PER_SECOND", 20)
    peer = Peer(board)
    await peer.send({keys_of(n).id: 0 for n in range(20, 26)} | {X.id: 100 << 1})
    await peer.told(X.id)
    state = await board.state()
    assert state["refused"]["notes had to wait"] >= 1


async def test_sessions_are_bounded(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MAX_SESSIONS", 1)
    first = Peer(board)
    await first.hear()
    late = Peer(board, Y)
    assert await late.error() == "too many EBT sessions"
    again = Peer(board)
    await again.hear()
    assert await first.error() == hub.RECONNECTED


async def test_reads_of_the_log_are_bounded_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MAX_READS", 1)
    board = Board(tmp_path, A, [Edge(A.id, k.id, FOLLOW) for k in (B, X, Y)])
    read_feed = board.storage.read_feed
    running, counts = 0, set()

    async def counted(call: Call) -> None:
        nonlocal running
        running += 1
        counts.add(running)
        await asyncio.sleep(0.02)
        await read_feed(call)
        running -= 1

    monkeypatch.setattr(board.storage, "read_feed", counted)
    board.storage.publish(RUN)
    board.storage.publish(feed_of(Y, 5))
    async with board.run():
        first, second = Peer(board), Peer(board, Y)
        for peer in (first, second):
            await peer.hear()
            await peer.send({X.id: 0, Y.id: 0})
        for peer in (first, second):
            assert sorted([await peer.sequence() for _ in range(10)]) == sorted([*range(1, 6)] * 2)
    assert counts == {1}
