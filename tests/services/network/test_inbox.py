"""Items on their way from a peer: what is joined, what is held back, and what counts as waiting."""

import pytest

from common.wire.events import Failure
from services.network.adapters import inbox as module
from services.network.adapters.inbox import ITEM_COST, Inbox, PeerFailedError


class Held:
    """What a conversation is told."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, size: int) -> None:
        self.bytes += size


async def test_what_came_since_the_last_batch_is_one() -> None:
    held = Held()
    inbox = Inbox(held)
    inbox.put([b"1"], b"\x02")
    assert await anext(inbox) == ([b"1"], None)
    inbox.put([b"2"], b"\x02")
    inbox.put([b"3", b"4"], b"\x02\x02")
    assert await anext(inbox) == ([b"2", b"3", b"4"], None)
    assert held.bytes == 3 + 3 * ITEM_COST
    inbox.end(None)
    with pytest.raises(StopAsyncIteration):
        await anext(inbox)
    assert held.bytes == 0


async def test_types_are_kept_when_batches_are_joined() -> None:
    inbox = Inbox(Held())
    inbox.put([b"1"], b"\x02")
    inbox.put([b"a", b"2"], b"\x01\x02")
    inbox.put([b"3"], b"\x02")
    assert await anext(inbox) == ([b"1", b"a", b"2", b"3"], b"\x02\x01\x02\x02")


async def test_a_batch_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH_BYTES", 2 * (10 + ITEM_COST))
    inbox = Inbox(Held())
    for _ in range(3):
        inbox.put([bytes(10)], b"\x02")
    assert [len((await anext(inbox))[0]) for _ in range(2)] == [2, 1]


async def test_what_nobody_reads_does_not_wait() -> None:
    held = Held()
    inbox = Inbox(held)
    inbox.put([b"1"], b"\x02")
    await anext(inbox)
    inbox.put([b"2"], b"\x02")
    inbox.discard()
    assert held.bytes == 0


async def test_the_peers_error_comes_behind_its_items() -> None:
    inbox = Inbox(Held())
    inbox.put([b"1"], b"\x02")
    inbox.end(Failure("broke"))
    assert await anext(inbox) == ([b"1"], None)
    with pytest.raises(PeerFailedError, match="broke"):
        await anext(inbox)
