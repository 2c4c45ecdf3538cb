"""Connections of one peer, several at a time."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Call, PeerError
from common.gossip import ebt
from common.graph import FOLLOW, Edge
from services.replication.adapters import hub
from tests.support.suite import Board, keys_of
from tests.support.waiting import until

A, B = keys_of(1), keys_of(2)


@pytest.fixture(name="board")
async def board_that_follows_b(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, A, [Edge(A.id, B.id, FOLLOW)])
    async with board.run():
        yield board


class Peer:
    """A peer that speaks EBT and says little."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.error = ""

    async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
        self.calls.append(wanted)
        if self.error:
            raise PeerError(self.error)
        await call.send([b"{}"])
        async for _ in call:
            pass


async def test_a_replaced_session_is_begun_again_when_the_other_is_over(board: Board) -> None:
    peer = Peer()
    board.network.answers["one"] = peer.answer
    board.network.tell("connected", "one", B.id, client=True)
    await until(lambda: len(peer.calls) == 1)
    caller = board.caller(B.id, "two")
    board.network.tell("connected", "two", B.id, client=False)
    stream = board.node.duplex("replication", "ebt.replicate", {"version": 3}, caller=caller)
    await anext(stream)
    assert len(peer.calls) == 1
    await stream.end()
    await until(lambda: len(peer.calls) == 2)
    assert (
        peer.calls[0]
        == peer.calls[1]
        == {
            "connection": "one",
            "name": ["ebt", "replicate"],
            "type": "duplex",
            "args": [{"version": 3, "format": "classic"}],
        }
    )


async def test_a_session_ended_here_for_a_reason_is_not_begun_again(board: Board) -> None:
    class Liar(Peer):
        async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
            self.calls.append(wanted)
            await call.send([b"[]"])
            async for _ in call:
                pass

    liar = Liar()
    board.network.answers["one"] = liar.answer
    board.network.tell("connected", "one", B.id, client=True)
    await until(lambda: len(liar.calls) == 1)
    await board.stands(lambda state: not state["sessions"])
    assert len(liar.calls) == 1


async def test_a_peer_that_takes_ebt_and_says_nothing_is_asked_for_histories(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ebt, "SILENT_MS", 10)
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.02)

    class Silent(Peer):
        async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
            self.calls.append(wanted)
            async for _ in call:
                pass

    peer = Silent()
    board.network.answers["one"] = board.network.answers["two"] = peer.answer
    board.network.tell("connected", "one", B.id, client=True)
    await until(lambda: len(peer.calls) > 1)
    assert [one["name"] for one in peer.calls[:2]] == [
        ["ebt", "replicate"],
        ["createHistoryStream"],
    ]
    assert (await board.state())["sessions"] == 0
    board.network.tell("disconnected", "one", B.id, client=True)
    board.network.tell("connected", "two", B.id, client=False)
    caller = board.caller(B.id, "two")
    stream = board.node.duplex("replication", "ebt.replicate", {"version": 3}, caller=caller)
    with pytest.raises(BusError, match="said nothing"):
        async for _ in stream:
            pass
    await until(lambda: any(one["connection"] == "two" for one in peer.calls))


async def test_a_refusal_of_ebt_makes_histories_be_fetched(board: Board) -> None:
    peer = Peer()
    peer.error = "method:ebt,replicate is not in list of allowed methods"
    board.network.answers["one"] = peer.answer
    board.network.tell("connected", "one", B.id, client=True)
    await until(lambda: len(peer.calls) > 1)
    assert peer.calls[1]["name"] == ["createHistoryStream"]
