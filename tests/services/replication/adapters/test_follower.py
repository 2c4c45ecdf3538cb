"""The service while those around it come and go."""

from pathlib import Path

import pytest

from common.bus import Node
from common.graph import FOLLOW, Edge
from services.replication.adapters import follower
from tests.support.suite import Board, dial, feed_of, keys_of
from tests.support.waiting import until

A, B = keys_of(1), keys_of(2)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "RETRY_SECONDS", 0.01)


async def test_failing_streams_are_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    a = Board(tmp_path / "a", A, [Edge(A.id, B.id, FOLLOW)])
    b = Board(tmp_path / "b", B, [])
    a.storage.fail_first = b.indexing.fail_first = a.network.fail_first = 2
    b.storage.publish(feed_of(B, 3))
    async with a.run(), b.run():
        dial(a, b)
        await until(lambda: a.storage.clock() == {B.id: 3})


async def test_a_storage_that_comes_back_is_read_on(tmp_path: Path) -> None:
    board = Board(tmp_path, A, [])
    async with board.run():
        await board.storage_node.stop()
        board.storage.publish(feed_of(A, 3))
        async with Node("storage", board.settings.endpoint, board.storage.methods()):
            await board.stands(lambda state: state["feeds"])


async def test_another_log_ends_the_process(tmp_path: Path) -> None:
    board = Board(tmp_path, A, [])
    board.storage.publish(feed_of(A, 3))
    async with board.run():
        board.storage.replaced = True
        board.storage.wake()
        with pytest.raises(ExceptionGroup):
            await board.services["replication"]
