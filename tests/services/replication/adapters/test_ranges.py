"""Runs of messages inside a feed come from whoever has them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common.bus import BusError, Call, PeerError
from common.refs import message_id
from tests.support.suite import Board, feed_of, keys_of

OWN, B, C, X = (keys_of(n) for n in range(1, 5))
RUN = feed_of(X, 9)


class Peer:
    """A peer that gives what it has of a history: texts by sequence."""

    def __init__(self, has: dict[int, bytes] | None = None) -> None:
        self.has = has or {}
        self.asked: list[dict[str, Any]] = []

    async def answer(self, call: Call, wanted: dict[str, Any]) -> None:
        if wanted["name"] != ["createHistoryStream"]:
            async for _ in call:
                pass
            return
        self.asked.append(wanted["args"][0])
        if not self.has:
            raise PeerError("no such method")
        options = self.asked[-1]
        wants = [text for n, text in self.has.items() if n >= options["seq"]]
        await call.send(wants[: options["limit"]])


@pytest.fixture(name="board")
async def board_with_a_hole(tmp_path: Path) -> AsyncIterator[Board]:
    board = Board(tmp_path, OWN, [])
    async with board.run():
        yield board


async def meet(board: Board, **peers: Peer) -> None:
    for name, peer in peers.items():
        feed = {"one": B.id, "two": C.id}[name]
        board.network.answers[name] = peer.answer
        board.network.tell("connected", name, feed, client=True)


async def fetch(board: Board, first: int, last: int) -> Any:
    asked = {"id": X.id, "from": first, "upto": last}
    return (await board.node.call("replication", "ooo.range", asked)).json()


async def fetched(board: Board, first: int, last: int) -> None:
    """Ask until the peers are known to the service."""
    while not await fetch(board, first, last):
        pass


def stored(board: Board) -> set[str]:
    return set(board.storage.strays)


async def test_what_one_peer_lacks_another_brings(board: Board) -> None:
    texts = {one.sequence: one.compact for one in RUN}
    bad = texts[4].replace(b"sig", b"gis")
    await meet(board, one=Peer({3: texts[3], 4: bad}), two=Peer(texts))
    await fetched(board, 3, 6)
    assert stored(board) == {message_id(one.key) for one in RUN[2:6]}


async def test_a_peer_that_gives_nothing_is_passed_over(board: Board) -> None:
    one, two = Peer(), Peer({5: RUN[4].compact})
    await meet(board, one=one, two=two)
    await fetched(board, 5, 5)
    assert two.asked[0] == {"id": X.id, "seq": 5, "limit": 1, "keys": False, "live": False}
    assert stored(board) == {message_id(RUN[4].key)}
    assert await fetch(board, 5, 6) is False


@pytest.mark.parametrize(
    "given",
    [{}, {"id": X.id, "from": 0, "upto": 1}, {"id": X.id, "from": 1, "upto": 1001}],
)
async def test_wrong_calls_are_refused(board: Board, given: dict[str, Any]) -> None:
    with pytest.raises(BusError) as caught:
        await board.node.call("replication", "ooo.range", given)
    assert caught.value.code == "bad_argument"
