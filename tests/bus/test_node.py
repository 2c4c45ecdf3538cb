"""Nodes over real sockets: the four shapes, both loops."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from common.bus import Call, CallerError, Method, Node, OurError, Unavailable

Endpoints = Callable[[str], str]


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    with TemporaryDirectory(prefix="bus-") as folder:
        yield lambda service: f"ipc://{folder}/run/{service}"


async def echo(call: Call) -> object:
    return call.args


async def count(call: Call) -> object:
    for number in range(call.args[0]):
        await call.send([str(number).encode()], position=number + 1)
    return None


async def total(call: Call) -> object:
    return sum([number async for batch in call for number in batch.json()])


async def double(call: Call) -> object:
    async for batch in call:
        await call.send([str(number * 2).encode() for number in batch.json()])
    return None


async def break_down(_: Call) -> object:
    raise KeyError("unexpected")


METHODS = {
    "echo": Method("async", echo, ("anonymous",)),
    "count": Method("source", count),
    "total": Method("sink", total, muxrpc=False),
    "double": Method("duplex", double),
    "break": Method("sync", break_down),
}


async def test_four_shapes_work_between_two_nodes(endpoints: Endpoints) -> None:
    async with (
        Node("caller", endpoints, calls=["service"]) as caller,  # starts first, on purpose
        Node("service", endpoints, METHODS),
    ):
        await caller.wait_up("service", 5)
        assert caller.manifest("service")["echo"] == ("async", ["anonymous"], True)
        assert (await caller.call("service", "echo", 1, "two")).json() == [1, "two"]
        batches = [batch async for batch in caller.source("service", "count", 3)]
        assert [batch.json() for batch in batches] == [[0], [1], [2]]
        assert [batch.position for batch in batches] == [1, 2, 3]
        sink = caller.sink("service", "total")
        await sink.send([b"1", b"2"])
        await sink.send([b"3"])
        assert (await sink.end()).json() == 6
        duplex = caller.duplex("service", "double")
        await duplex.send([b"1", b"2"])
        await duplex.end()
        assert [batch.json() async for batch in duplex] == [[2, 4]]


async def test_call_without_service_fails_at_once(endpoints: Endpoints) -> None:
    async with Node("caller", endpoints, calls=["service"]) as caller:
        with pytest.raises(Unavailable):
            await caller.call("service", "echo")
        with pytest.raises(Unavailable):
            await caller.wait_up("service", 0.05)


async def test_unexpected_failure_is_ours_and_logged_once(
    endpoints: Endpoints,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        Node("service", endpoints, METHODS),
        Node("caller", endpoints, calls=["service"]) as caller,
    ):
        await caller.wait_up("service", 5)
        with pytest.raises(OurError) as failure:
            await caller.call("service", "break")
        assert failure.value.code == "internal"
        with pytest.raises(CallerError) as missing:
            await caller.call("service", "absent")
        assert missing.value.code == "no_such_method"
    assert caplog.text.count("KeyError: 'unexpected'") == 1


async def test_sockets_live_in_a_private_folder(endpoints: Endpoints) -> None:
    folder = Path(endpoints("x").removeprefix("ipc://")).parent
    async with Node("service", endpoints, METHODS):
        assert folder.stat().st_mode & 0o777 == 0o700
        await asyncio.sleep(0)
