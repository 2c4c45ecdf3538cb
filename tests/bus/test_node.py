"""Nodes over real sockets: the four shapes, both loops."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvloop
import zmq

from common.bus import (
    Call,
    CallerError,
    EndpointError,
    Method,
    Node,
    OurError,
    Timing,
    Unavailable,
)
from tests.bus.wire import AT_ONCE_S, Endpoints
from tests.support.waiting import PATIENCE_S, until

Context = zmq.Context[zmq.Socket[bytes]]
FAST = Timing(tick=0.02)


async def echo(call: Call) -> object:
    assert call.args is call.args
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


def _run(loop_factory: Callable[[], asyncio.AbstractEventLoop] | None, test: Any) -> None:
    """Run a test in a loop of its own, in a thread: pytest's loop may stand in this one."""

    def run() -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(test)

    failures: list[BaseException] = []
    thread = threading.Thread(target=_guarded, args=(run, failures))
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _guarded(run: Callable[[], None], failures: list[BaseException]) -> None:
    try:
        run()
    except BaseException as failure:  # noqa: BLE001  handed to the test
        failures.append(failure)


@pytest.mark.parametrize("loop_factory", [None, uvloop.new_event_loop])
def test_four_shapes_work_between_two_nodes(
    endpoints: Endpoints, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None
) -> None:
    _run(loop_factory, _four_shapes(endpoints, None))


async def test_nodes_share_a_context_in_one_process(context: Context) -> None:
    await _four_shapes(lambda service: f"inproc://{service}", context)


async def _four_shapes(endpoints: Endpoints, context: Context | None) -> None:
    async with (
        Node("caller", endpoints, calls=["service"], context=context) as caller,  # starts first
        Node("service", endpoints, METHODS, context=context),
    ):
        await caller.wait_up("service", PATIENCE_S)
        assert caller.manifest("service")["echo"] == ("async", ["anonymous"], True, "")
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
        await caller.wait_up("service", PATIENCE_S)
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


@pytest.mark.parametrize("kind", ["inproc", "ipc"])
async def test_service_that_stops_and_comes_back_is_found(
    endpoints: Endpoints, context: Context, kind: str
) -> None:
    where = endpoints if kind == "ipc" else (lambda service: f"inproc://{service}")
    async with Node("caller", where, calls=["service"], context=context, timing=FAST) as caller:
        for _ in range(2):
            async with Node("service", where, METHODS, context=context, timing=FAST):
                await caller.wait_up("service", PATIENCE_S)
                duplex = caller.duplex("service", "double")
                await duplex.send([b"1"])
                assert (await anext(aiter(duplex))).json() == [2]
            with pytest.raises(Unavailable):
                await anext(aiter(duplex))
            await until(lambda: not caller.is_up("service"))
        await asyncio.sleep(FAST.tick * FAST.silence * 1.5)  # the queue of hellos is let go
        async with Node("service", where, METHODS, context=context, timing=FAST):
            await caller.wait_up("service", PATIENCE_S)


async def test_call_into_a_connection_that_is_gone_is_unavailable(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    def where(service: str) -> str:
        return f"inproc://{service}"

    async with Node("caller", where, calls=["service"], context=context) as caller:
        service = Node("service", where, METHODS, context=context)
        await service.start()
        await caller.wait_up("service", PATIENCE_S)
        await caller.wait_up("service", PATIENCE_S)
        await service.stop()  # inproc has no monitor: only a send can tell
        for _ in range(2):
            with pytest.raises(Unavailable):
                await caller.call("service", "echo")
        assert not caller.is_up("service")
    assert "never retrieved" not in caplog.text


async def test_service_named_twice_is_met_once(endpoints: Endpoints) -> None:
    async def echo(call: Call) -> object:
        return call.args

    caller = Node("caller", endpoints, calls=["service", "service"])
    async with Node("service", endpoints, {"echo": Method("async", echo)}), caller:
        met: list[str] = []
        caller.on_change(lambda name, _: met.append(name))
        await caller.wait_up("service", PATIENCE_S)
        assert (await caller.call("service", "echo")).json() == []
        assert met == ["service"]


async def test_idle_nodes_stay_up(endpoints: Endpoints) -> None:
    async with (
        Node("service", endpoints, METHODS, timing=FAST),
        Node("caller", endpoints, calls=["service"], timing=FAST) as caller,
    ):
        await caller.wait_up("service", PATIENCE_S)
        changes: list[bool] = []
        caller.on_change(lambda _, up: changes.append(up))
        await asyncio.sleep(FAST.tick * FAST.silence * 2)
        assert not changes
        assert (await caller.call("service", "echo", 1)).json() == [1]


async def test_big_streams_flow_both_ways_with_little_credit(endpoints: Endpoints) -> None:
    async def mirror(call: Call) -> object:
        async for batch in call:
            await call.send(batch.bodies, types=batch.types, position=batch.position)
        return None

    items = [b"%d" % number for number in range(3000)]
    async with (
        Node("service", endpoints, {"mirror": Method("duplex", mirror)}),
        Node("caller", endpoints, calls=["service"]) as caller,
    ):
        await caller.wait_up("service", PATIENCE_S)
        async with caller.duplex("service", "mirror", window=1000) as duplex:

            async def write() -> None:
                for start in range(0, len(items), 10):
                    await duplex.send(items[start : start + 10], position=start + 10)
                await duplex.send([b"x" * 100_000] * 30, types=b"\0" * 30)
                await duplex.end()

            writing = asyncio.create_task(write())
            got: list[bytes] = []
            async for batch in duplex:
                if batch.types is None:
                    got += batch.bodies
                    assert batch.position == len(got)
                else:
                    assert batch.bodies == [b"x" * 100_000] * 30
            await writing
            assert got == items


async def test_handler_may_end_its_direction_and_go_on_reading(endpoints: Endpoints) -> None:
    heard: list[Any] = []

    async def half(call: Call) -> object:
        await call.send([b"1"])
        call.end()
        call.end()
        async for batch in call:
            heard.extend(batch.json())
        with pytest.raises(OurError, match="ended"):
            await call.send([b"2"])
        return None

    async with (
        Node("service", endpoints, {"half": Method("duplex", half)}),
        Node("caller", endpoints, calls=["service"]) as caller,
    ):
        await caller.wait_up("service", PATIENCE_S)
        duplex = caller.duplex("service", "half")
        assert [batch.json() async for batch in duplex] == [[1]]
        await duplex.send([b"5"])
        await duplex.end()
        await until(lambda: heard == [5])


async def test_error_of_the_caller_reaches_the_reading_handler(endpoints: Endpoints) -> None:
    heard: list[str] = []

    async def read(call: Call) -> object:
        try:
            async for _ in call:
                pass
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise
        return None

    async with (
        Node("service", endpoints, {"read": Method("sink", read)}),
        Node("caller", endpoints, calls=["service"]) as caller,
    ):
        await caller.wait_up("service", PATIENCE_S)
        sink = caller.sink("service", "read")
        await sink.send([b"1"])
        sink.fail(CallerError("changed my mind"))
        await until(lambda: heard == ["cancelled"])


async def test_own_codecs_are_used_for_arguments_and_values(endpoints: Endpoints) -> None:
    def parse(text: bytes) -> Any:
        return orjson.loads(text.removeprefix(b"own:"))

    def encode(value: Any) -> bytes:
        return b"own:" + orjson.dumps(value)

    async with (
        Node("service", endpoints, METHODS, parse=parse, encode=encode),
        Node("caller", endpoints, calls=["service"], parse=parse, encode=encode) as caller,
    ):
        await caller.wait_up("service", PATIENCE_S)
        reply = await caller.call("service", "echo", {"a": 1})
        assert reply.bodies == [b'own:[{"a":1}]']
        assert reply.json() == [{"a": 1}]


async def test_failing_watcher_disturbs_nobody(
    endpoints: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    changes: list[tuple[str, bool]] = []

    def fail(_service: str, _up: bool) -> None:
        raise ValueError("a watcher's own")

    async with Node("caller", endpoints, calls=["service"]) as caller:
        caller.on_change(fail)
        caller.on_change(lambda service, up: changes.append((service, up)))
        async with Node("service", endpoints, METHODS):
            await until(lambda: changes == [("service", True)])
        await until(lambda: len(changes) == 2)
    assert caplog.text.count("ValueError: a watcher's own") == 2


async def test_stop_lets_go_of_all_who_wait(endpoints: Endpoints) -> None:
    caller = Node("caller", endpoints, calls=["service", "absent"])
    await caller.start()
    async with Node("service", endpoints, METHODS):
        await caller.wait_up("service", PATIENCE_S)
        waiting = asyncio.create_task(caller.wait_up("absent"))
        sink = caller.sink("service", "total")
        await asyncio.sleep(0)
        async with asyncio.timeout(AT_ONCE_S):
            await caller.stop()
            await caller.stop()
        for left in (waiting, sink.end(), caller.call("service", "echo")):
            with pytest.raises(Unavailable):
                await left
    with pytest.raises(ValueError, match="not among"):
        await caller.call("stranger", "echo")


async def test_endpoint_is_free_again_after_a_stop_and_refused_before(
    endpoints: Endpoints,
) -> None:
    async with Node("service", endpoints, METHODS):
        with pytest.raises(EndpointError, match="another service"):
            await Node("service", endpoints, METHODS).start()
    async with Node("service", endpoints, METHODS):
        pass
    folder = Path(endpoints("x").removeprefix("ipc://")).parent
    folder.chmod(0o755)
    for node in (
        Node("service", endpoints, METHODS),
        Node("caller", endpoints, calls=["service"]),
    ):
        with pytest.raises(EndpointError, match="0755"):
            await node.start()


async def test_endpoint_that_cannot_be_bound_is_refused(
    endpoints: Endpoints, context: Context
) -> None:
    path = Path(endpoints("service").removeprefix("ipc://"))
    path.mkdir(parents=True)
    path.parent.chmod(0o700)
    for _ in range(2):  # the second finds the lock released
        with pytest.raises(EndpointError, match=r"service: "):
            await Node("service", endpoints, METHODS).start()
    async with Node("twice", lambda name: f"inproc://{name}", METHODS, context=context):
        with pytest.raises(EndpointError, match="in use"):
            await Node("twice", lambda name: f"inproc://{name}", METHODS, context=context).start()
