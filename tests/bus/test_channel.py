"""The two directions of a stream: waiting, bounds, ends."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from common.bus import channel
from common.bus.channel import Inbox, Outbox
from common.bus.credit import Overrun
from common.bus.errors import CallerError, OurError
from common.bus.values import Batch


def batch(*bodies: bytes) -> Batch:
    return Batch(list(bodies), None, None, orjson.loads)


class Sent:
    """What an outbox emitted."""

    def __init__(self) -> None:
        self.messages: list[tuple[dict[str, Any], list[bytes]]] = []

    def __call__(self, options: Mapping[str, Any], bodies: Sequence[bytes]) -> None:
        self.messages.append((dict(options), list(bodies)))


async def test_inbox_waits_and_grants() -> None:
    grants: list[int] = []
    inbox = Inbox(100, grants.append)
    reader = asyncio.create_task(inbox.pull())
    await asyncio.sleep(0)
    inbox.push(batch(b"x" * 40))
    assert (await reader) is not None
    assert grants == [56]
    inbox.push(batch(b"a"))
    inbox.end()
    inbox.end(OurError("too late to matter"))
    assert (await inbox.pull()) is not None
    assert await inbox.pull() is None
    inbox.push(batch(b"crossed on the way"))
    assert await inbox.pull() is None
    assert grants == [56]


async def test_inbox_raises_its_error_after_what_came() -> None:
    inbox = Inbox(1000, lambda _: None)
    inbox.push(batch(b"1"))
    inbox.end(CallerError("broken"))
    assert await inbox.pull()
    for _ in range(2):
        with pytest.raises(CallerError, match="broken"):
            await inbox.pull()


async def test_inbox_holds_no_more_than_its_window_and_one_message() -> None:
    inbox = Inbox(100, lambda _: None)
    inbox.push(batch(b"x" * 500))
    with pytest.raises(Overrun):
        inbox.push(batch(b""))


async def test_inbox_that_discards_goes_on_granting() -> None:
    grants: list[int] = []
    inbox = Inbox(100, grants.append)
    inbox.push(batch(b"x" * 50))
    inbox.discard()
    assert grants == [66]
    inbox.push(batch(b"x" * 50))
    assert grants == [66, 66]


async def test_outbox_waits_for_credit() -> None:
    sent = Sent()
    outbox = Outbox(1, sent)
    await outbox.send([b"x" * 100], b"\0", 7)
    waiting = asyncio.create_task(outbox.send([b"y"]))
    await asyncio.sleep(0)
    outbox.grant(100)
    await asyncio.sleep(0)
    assert sent.messages == [({"types": b"\0", "position": 7}, [b"x" * 100])]
    outbox.grant(100)
    await waiting
    assert sent.messages[1:] == [({}, [b"y"])]


async def test_outbox_tells_when_it_is_worth_making_something() -> None:
    outbox = Outbox(1, Sent())
    await outbox.ready()
    await outbox.send([b"x"])
    waiting = asyncio.create_task(outbox.ready())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.grant(100)
    await waiting
    outbox.end(CallerError("over"))
    with pytest.raises(CallerError, match="over"):
        await outbox.ready()


async def test_outbox_that_ends_lets_the_waiting_go() -> None:
    for error in (None, CallerError("over")):
        outbox = Outbox(0, Sent())
        waiting = asyncio.create_task(outbox.send([b"y"]))
        await asyncio.sleep(0)
        outbox.end(error)
        if error is None:
            await waiting
        else:
            with pytest.raises(CallerError, match="over"):
                await waiting


async def test_outbox_cuts_what_is_over_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent()
    outbox = Outbox(1 << 30, sent)
    await outbox.send([b"1"] * 2500, bytes(2500), 9)
    assert [len(bodies) for _, bodies in sent.messages] == [1024, 1024, 452]
    assert [options.get("position") for options, _ in sent.messages] == [None, None, 9]
    assert [len(options["types"]) for options, _ in sent.messages] == [1024, 1024, 452]
    sent.messages.clear()
    monkeypatch.setattr(channel, "MAX_MESSAGE", 10)
    await outbox.send([b"xxxxxx", b"xxxx", b"x", b"xxxxxxxxxx"])
    assert [len(b"".join(bodies)) for _, bodies in sent.messages] == [10, 1, 10]
    with pytest.raises(OurError, match="over the limit"):
        await outbox.send([b"x", b"x" * 11])
    assert len(sent.messages) == 3


async def test_outbox_sends_no_empty_message() -> None:
    sent = Sent()
    await Outbox(1, sent).send([])
    assert not sent.messages
    with pytest.raises(ValueError, match="2 types for 1 items"):
        await Outbox(1, sent).send([b"1"], b"\0\0")
