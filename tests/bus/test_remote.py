"""A caller over a real socket, against a service that says what it likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgpack
import pytest

from common.bus import (
    BusError,
    Caller,
    CallerError,
    DeadlineExceeded,
    Node,
    OurError,
    Timing,
    Unavailable,
)
from common.bus.frames import Kind
from tests.bus.wire import INCARNATION, Endpoints, RawService
from tests.support.waiting import PATIENCE_S, until

FAST = Timing(tick=0.02)
PINGS = (Kind.PING,)


@asynccontextmanager
async def meeting(
    endpoints: Endpoints, timing: Timing | None = None
) -> AsyncIterator[tuple[Node, RawService]]:
    async with Node("caller", endpoints, calls=["service"], timing=timing) as node:
        raw = RawService(endpoints("service"))
        try:
            await raw.meet({"read": ["source", [], True]})
            await node.wait_up("service", PATIENCE_S)
            yield node, raw
        finally:
            raw.close()


async def test_call_carries_what_the_contract_says(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        caller = Caller("@a.ed25519", "anonymous", "net", "7", True)
        task = asyncio.create_task(
            node.call("service", "do", 1, caller=caller, bodies=[b"attached"], deadline_ms=500)
        )
        call = await raw.receive()
        assert (call.kind, call.call, call.method) == (Kind.CALL, 1, "do")
        assert call.bodies == [b"[1]", b"attached"]
        assert call.options == {
            "type": "async",
            "incarnation": INCARNATION,
            "deadline_ms": 500,
            "caller": caller.to_map(),
        }
        await raw.send(Kind.END, call.call, bodies=[b"2"])
        assert (await task).json() == 2


async def test_ready_arguments_are_passed_as_they_are(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        stream = node.source("service", "read", args_json=b'[ "as is" ]', window=77)
        call = await raw.receive()
        assert call.bodies == [b'[ "as is" ]']
        assert (call.options["type"], call.options["window"]) == ("source", 77)
        stream.cancel()
        stream.cancel()
        assert (await raw.receive()).kind == Kind.CANCEL
        with pytest.raises(CallerError, match="cancelled"):
            await anext(aiter(stream))


async def test_deadline_cancels_the_call(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        with pytest.raises(DeadlineExceeded, match="20 ms"):
            await node.call("service", "do", deadline_ms=20)
        kinds = [(await raw.receive()).kind for _ in range(2)]
        assert kinds == [Kind.CALL, Kind.CANCEL]
        await raw.send(Kind.END, 1, bodies=[b"1"])  # crossed on the way: dropped
        task = asyncio.create_task(node.call("service", "do", deadline_ms=0))
        call = await raw.receive()
        assert call.options["deadline_ms"] == 0
        await raw.send(Kind.END, call.call)
        assert (await task).json() is None


async def test_cancelled_caller_cancels_the_call(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        task = asyncio.create_task(node.call("service", "do"))
        await raw.receive()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await raw.receive()).kind == Kind.CANCEL


async def test_typed_errors_come_back(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        task = asyncio.create_task(node.call("service", "do"))
        call = await raw.receive()
        options = {"fault": "caller", "code": "not_found", "message": "no such thing"}
        await raw.send(Kind.ERROR, call.call, options=options)
        with pytest.raises(CallerError, match="no such thing") as error:
            await task
        assert error.value.code == "not_found"


async def test_error_of_a_stream_comes_after_its_items(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        stream = node.source("service", "read")
        call = await raw.receive()
        await raw.send(Kind.DATA, call.call, options={"position": 9}, bodies=[b"1"])
        options = {"fault": "peer", "code": "protocol", "message": "nonsense"}
        await raw.send(Kind.ERROR, call.call, options=options)
        batch = await anext(aiter(stream))
        assert (batch.json(), batch.position) == ([1], 9)
        with pytest.raises(BusError, match="nonsense"):
            await anext(aiter(stream))


@pytest.mark.parametrize("shape", ["async", "source", "sink", "duplex"])
@pytest.mark.parametrize("broken", ["kind", "malformed"])
async def test_service_that_breaks_the_protocol_ends_the_call(
    endpoints: Endpoints, shape: str, broken: str
) -> None:
    async with meeting(endpoints) as (node, raw):

        async def use() -> None:
            if shape == "async":
                await node.call("service", "do")
            elif shape == "source":
                await anext(aiter(node.source("service", "do")))
            elif shape == "sink":
                await node.sink("service", "do").send([b"1"])
            else:
                await anext(aiter(node.duplex("service", "do")))

        task = asyncio.create_task(use())
        call = await raw.receive()
        if broken == "kind":
            await raw.send(Kind.CANCEL, call.call)
        else:
            await raw.send_frames(msgpack.packb((1, Kind.DATA, call.call, "", {}, [9])), b"short")
            await until(lambda: node.refused["sizes"])
        with pytest.raises(OurError) as error:
            await task
        assert error.value.code == "protocol"
        assert (await raw.receive()).kind == Kind.ERROR


async def test_data_without_credit_ends_the_call(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        stream = node.source("service", "read", window=100)
        call = await raw.receive()
        await raw.send(Kind.DATA, call.call, bodies=[b"x" * 500])  # one overdraft
        await raw.send(Kind.DATA, call.call, bodies=[b"x"])
        assert (await raw.receive()).kind == Kind.ERROR
        assert (await anext(aiter(stream))).bodies == [b"x" * 500]
        with pytest.raises(OurError, match="without credit"):
            await anext(aiter(stream))


async def test_failed_stream_tells_the_service(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        stream = node.duplex("service", "both")
        call = await raw.receive()
        stream.fail(CallerError("enough", "bad_argument"))
        error = await raw.receive()
        assert (error.call, error.options["message"]) == (call.call, "enough")
        with pytest.raises(CallerError, match="enough"):
            await stream.send([b"1"])
        with pytest.raises(CallerError, match="enough"):
            await stream.end()


async def test_leaving_the_block_cancels_an_open_stream(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        async with node.source("service", "read"):
            call = await raw.receive()
        cancel = await raw.receive()
        assert (cancel.kind, cancel.call) == (Kind.CANCEL, call.call)
        async with node.source("service", "read") as stream:
            call = await raw.receive()
            await raw.send(Kind.END, call.call)
            assert [batch async for batch in stream] == []
        node.source("service", "read").cancel()
        assert (await raw.receive()).kind == Kind.CALL  # no cancel came before it


async def test_sink_that_has_its_value_takes_no_more(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        sink = node.sink("service", "take")
        call = await raw.receive()
        await raw.send(Kind.END, call.call, options={"types": b"\1"}, bodies=[b"full"])
        async with asyncio.timeout(PATIENCE_S):
            await sink.send([b"1"])  # never granted, and not needed
            assert (await sink.end()).json() == "full"


async def test_each_direction_ends_once(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        duplex = node.duplex("service", "both")
        call = await raw.receive()
        assert (await duplex.end()).json() is None
        await duplex.end()
        assert (await raw.receive()).kind == Kind.END
        with pytest.raises(OurError, match="ended"):
            await duplex.send([b"1"])
        await raw.send(Kind.DATA, call.call, bodies=[b"1"])
        await raw.send(Kind.END, call.call)
        assert [batch.json() async for batch in duplex] == [[1]]
        with pytest.raises(OurError, match="source"):
            await node.source("service", "read").send([b"1"])


async def test_call_over_a_limit_is_not_sent(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        with pytest.raises(OurError, match="over the limits"):
            await node.call("service", "do", bodies=[b""] * 1024)
        task = asyncio.create_task(node.call("service", "do"))
        call = await raw.receive()
        assert call.call == 2
        await raw.send(Kind.END, call.call)
        await task


async def test_malformed_message_without_a_call_is_only_counted(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        task = asyncio.create_task(node.call("service", "do"))
        call = await raw.receive()
        await raw.send_frames(b"\xc1")
        await raw.send(Kind.END, call.call)
        await task
        assert node.refused == {"header": 1}


async def test_pings_are_answered(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        await raw.send(Kind.PING)
        pong = await raw.receive()
        assert (pong.kind, pong.options["incarnation"]) == (Kind.PONG, node.incarnation)


async def test_hello_is_said_again_until_it_is_answered(endpoints: Endpoints) -> None:
    async with Node("caller", endpoints, calls=["service"], timing=FAST) as node:
        raw = RawService(endpoints("service"))
        for _ in range(3):
            hello = await raw.receive()
            assert (hello.kind, hello.method) == (Kind.HELLO, "caller")
            assert hello.options["incarnation"] == node.incarnation
        assert not node.is_up("service")
        await raw.send(Kind.HELLO, options={"incarnation": INCARNATION, "manifest": {"x": 1}})
        await until(lambda: node.refused["manifest"])
        assert not node.is_up("service")
        await raw.send(Kind.HELLO, options={"incarnation": INCARNATION})
        await node.wait_up("service", PATIENCE_S)
        raw.close()


async def test_silent_service_is_down_and_met_again(endpoints: Endpoints) -> None:
    async with meeting(endpoints, FAST) as (node, raw):
        changes: list[bool] = []
        node.on_change(lambda _, up: changes.append(up))
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(Unavailable, match="silent"):
                await node.call("service", "do")
        with pytest.raises(Unavailable):
            await node.call("service", "do")
        assert node.manifest("service") == {}
        first = raw.identity
        while raw.identity == first:
            message = await raw.receive()
        assert message.kind == Kind.HELLO
        await raw.send(Kind.HELLO, options={"incarnation": INCARNATION})
        await until(lambda: changes == [False, True])


@pytest.mark.parametrize("how", ["hello", "pong"])
async def test_other_incarnation_means_a_restart(endpoints: Endpoints, how: str) -> None:
    async with meeting(endpoints) as (node, raw):
        task = asyncio.create_task(node.call("service", "do"))
        await raw.receive()
        if how == "pong":
            await raw.send(Kind.PONG, options={"incarnation": b"the_heir"})
            assert (await raw.receive()).kind == Kind.HELLO
        await raw.send(Kind.HELLO, options={"incarnation": b"the_heir"})
        with pytest.raises(Unavailable, match="restarted"):
            await task


async def test_same_hello_again_changes_nothing(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (node, raw):
        task = asyncio.create_task(node.call("service", "do"))
        call = await raw.receive()
        await raw.send(Kind.HELLO, options={"incarnation": INCARNATION})
        await raw.send(Kind.END, call.call, bodies=[b"1"])
        assert (await task).json() == 1
        assert "read" in node.manifest("service")
