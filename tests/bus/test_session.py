"""A service over a real socket, against a caller that says what it likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest

from common.bus import Call, Caller, CallerError, Method, Node, PeerError, Raw, Timing
from common.bus import session as session_module
from common.bus.frames import Kind
from tests.bus.wire import AT_ONCE_S, Endpoints, RawCaller
from tests.support.waiting import until

FAST = Timing(tick=0.02)
TEXT = b"\1"


class Service:
    """Handlers that tell what became of them."""

    def __init__(self) -> None:
        self.started = 0
        self.cancelled = 0
        self.callers: list[Caller] = []

    async def echo(self, call: Call) -> object:
        self.callers.append(call.caller)
        return call.args

    async def value(self, call: Call) -> object:
        values = {
            "none": None,
            "bytes": b'{"raw":1}',
            "text": Raw(1, b"text"),
            "json": Raw(2, b"[]"),
            "object": {"a": [1]},
            "unfit": object(),
        }
        return values[call.args[0]]

    async def fail(self, _: Call) -> object:
        raise PeerError("they said nonsense")

    async def wait(self, _: Call) -> object:
        self.started += 1
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return None

    async def swallow(self, call: Call) -> object:
        return [body.decode() async for batch in call for body in batch.bodies]

    async def leave_early(self, call: Call) -> object:
        await call.send([b"1"])
        return None

    async def cancel_itself(self, _: Call) -> object:
        raise asyncio.CancelledError

    def methods(self) -> dict[str, Method]:
        return {
            "echo": Method("async", self.echo, ("anonymous",)),
            "value": Method("async", self.value),
            "fail": Method("async", self.fail),
            "wait": Method("async", self.wait),
            "stream": Method("source", self.wait),
            "swallow": Method("sink", self.swallow),
            "ignore": Method("sink", self.wait),
            "early": Method("duplex", self.leave_early),
            "cancels": Method("async", self.cancel_itself),
        }


@asynccontextmanager
async def meeting(
    endpoints: Endpoints, timing: Timing | None = None
) -> AsyncIterator[tuple[Service, Node, RawCaller]]:
    service = Service()
    patient = timing or Timing(silence=600)  # on a loaded machine a caller may seem silent
    async with Node("service", endpoints, service.methods(), timing=patient) as node:
        raw = RawCaller(endpoints("service"))
        try:
            await raw.meet()
            yield service, node, raw
        finally:
            raw.close()


async def test_hello_brings_incarnation_and_manifest(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (_, node, raw):
        hello = await raw.meet()
        assert hello.method == "service"
        assert hello.options["incarnation"] == node.incarnation
        assert hello.options["manifest"]["echo"] == ["async", ["anonymous"], True, ""]


@pytest.mark.parametrize(
    ("name", "types", "bodies"),
    [
        ("none", None, []),
        ("bytes", None, [b'{"raw":1}']),
        ("text", TEXT, [b"text"]),
        ("json", None, [b"[]"]),
        ("object", None, [b'{"a":[1]}']),
    ],
)
async def test_values_of_handlers(
    endpoints: Endpoints, name: str, types: bytes | None, bodies: list[bytes]
) -> None:
    async with meeting(endpoints) as (_, _node, raw):
        await raw.call(1, "value", args=f'["{name}"]'.encode())
        end = await raw.receive()
        assert (end.kind, end.call) == (Kind.END, 1)
        assert (end.options.get("types"), end.bodies) == (types, bodies)


@pytest.mark.parametrize(
    ("method", "args", "fault", "code"),
    [
        ("absent", b"[]", "caller", "no_such_method"),
        ("stream", b"[]", "caller", "bad_argument"),  # called as async
        ("echo", b"{}", "caller", "bad_argument"),
        ("echo", b"[", "caller", "bad_argument"),
        ("fail", b"[]", "peer", "protocol"),
        ("value", b'["unfit"]', "ours", "internal"),
        ("cancels", b"[]", "ours", "cancelled"),
    ],
)
async def test_errors_say_whose_fault(
    endpoints: Endpoints, method: str, args: bytes, fault: str, code: str
) -> None:
    async with meeting(endpoints) as (_, _node, raw):
        await raw.call(1, method, args=args)
        error = await raw.receive()
        assert (error.kind, error.call) == (Kind.ERROR, 1)
        assert (error.options["fault"], error.options["code"]) == (fault, code)


async def test_caller_is_told_to_the_handler(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (service, node, raw):
        caller = Caller("@a.ed25519", "anonymous", "net", "7", True)
        await raw.call(1, "echo", caller=caller.to_map())
        await raw.call(2, "echo")
        await raw.call(3, "echo", caller={"feed": 5})
        answers = [await raw.receive() for _ in range(3)]
        by_call = {answer.call: answer for answer in answers}
        assert service.callers == [caller, Caller()]
        assert by_call[3].options["code"] == "protocol"
        assert node.refused == {"caller": 1}


async def test_call_meant_for_the_dead_is_not_carried_out_by_the_heir(
    endpoints: Endpoints,
) -> None:
    async with meeting(endpoints) as (service, node, raw):
        raw.incarnation = b"the_dead"
        await raw.call(1, "echo")
        hello, error = await raw.receive(), await raw.receive()
        assert (hello.kind, hello.options["incarnation"]) == (Kind.HELLO, node.incarnation)
        assert error.options["code"] == "unavailable"
        assert not service.callers


async def test_cancel_ends_the_handler_without_an_answer(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (service, _, raw):
        await raw.call(1, "wait")
        await until(lambda: service.started)
        await raw.send(Kind.CANCEL, 1)
        await until(lambda: service.cancelled)
        await raw.send(Kind.PING)
        assert (await raw.receive()).kind == Kind.PONG


async def test_handler_that_fails_while_it_is_cancelled_is_not_heard(
    endpoints: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: list[str] = []

    async def fail_late(call: Call) -> object:
        outcomes.append("started")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            outcomes.append("cancelled")
            if call.args:
                return "a value"
            raise ValueError("too late") from None
        return None

    async with Node("service", endpoints, {"late": Method("async", fail_late)}):
        raw = RawCaller(endpoints("service"))
        await raw.meet()
        for call, args in ((1, b"[]"), (2, b"[1]")):
            outcomes.clear()
            await raw.call(call, "late", args=args)
            await until(lambda: outcomes == ["started"])
            await raw.send(Kind.CANCEL, call)
            await until(lambda: outcomes == ["started", "cancelled"])
        await raw.send(Kind.PING)
        assert (await raw.receive()).kind == Kind.PONG
        assert "too late" not in caplog.text
        raw.close()


async def test_error_of_the_caller_ends_the_handler(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (service, _, raw):
        await raw.call(1, "stream", "source", window=1000)
        await until(lambda: service.started)
        options = {"fault": "caller", "code": "cancelled", "message": "enough"}
        await raw.send(Kind.ERROR, 1, options=options)
        await until(lambda: service.cancelled)


async def test_malformed_messages_are_counted_by_reason(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (_, node, raw):
        await raw.socket.send_multipart([b"\xc1"])
        await raw.socket.send_multipart([b"1", b"2", b"3"])
        await raw.socket.send_multipart([b"x" * 70_000])
        await raw.send_header(2, 8, 0, "", {}, [])
        await raw.send_header(1, 77, 0, "", {}, [])
        await raw.send_header(1, 3, 5, "", {}, [9], block=b"short")
        await raw.call(6, "echo")
        answers = [await raw.receive(), await raw.receive()]
        assert [answer.kind for answer in answers] == [Kind.ERROR, Kind.END]
        assert node.refused == {
            "header": 1,
            "frames": 1,
            "header_size": 1,
            "version": 1,
            "kind": 1,
            "sizes": 1,
        }


async def test_health_tells_what_was_refused(endpoints: Endpoints) -> None:
    async def health(_: Call) -> object:
        return {"service": "service", "ready": True, "state": {"n": 1}}

    async with Node("service", endpoints, {"health": Method("async", health)}):
        raw = RawCaller(endpoints("service"))
        try:
            await raw.meet()
            await raw.call(1, "health")
            quiet = orjson.loads((await raw.receive()).bodies[0])
            await raw.send_header(2, 8, 0, "", {}, [])
            await raw.call(2, "health")
            told = orjson.loads((await raw.receive()).bodies[0])
        finally:
            raw.close()
    assert quiet["state"].pop("process")["cpu"] > 0
    assert quiet == {"service": "service", "ready": True, "state": {"n": 1}}
    assert told["state"].pop("process").keys() >= {"started", "cpu"}
    assert told["state"] == {"n": 1, "bus": {"refused": {"version": 1}}}


async def test_malformed_message_ends_the_call_it_names(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (service, _, raw):
        await raw.call(1, "wait")
        await until(lambda: service.started)
        await raw.send_header(1, 6, 1, "", {"bytes": "many"}, [])
        error = await raw.receive()
        assert (error.call, error.options["code"]) == (1, "protocol")
        await until(lambda: service.cancelled)


@pytest.mark.parametrize("kind", [Kind.DATA, Kind.END, Kind.CREDIT])
async def test_message_that_does_not_fit_the_shape_ends_the_call(
    endpoints: Endpoints, kind: int
) -> None:
    async with meeting(endpoints) as (service, _, raw):
        await raw.call(1, "wait")
        await until(lambda: service.started)
        options = {"bytes": 1} if kind == Kind.CREDIT else {}
        await raw.send(kind, 1, options=options, bodies=[b"1"] if kind == Kind.DATA else ())
        assert (await raw.receive()).options["code"] == "protocol"
        await until(lambda: service.cancelled)


async def test_sink_grants_first_and_ends_who_overruns(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (_, _node, raw):
        await raw.call(1, "swallow", "sink")
        credit = await raw.receive()
        assert (credit.kind, credit.options["bytes"]) == (Kind.CREDIT, 1 << 20)
        await raw.send(Kind.DATA, 1, bodies=[b"a", b"b"])
        await raw.send(Kind.END, 1)
        assert (await raw.receive()).bodies == [b'["a","b"]']
        await raw.call(2, "ignore", "sink")
        await raw.receive()
        for _ in range(3):  # the first fits, the second may overdraw
            await raw.send(Kind.DATA, 2, bodies=[b"x" * (1 << 20)])
        message = await raw.receive()
        assert message.kind == Kind.ERROR
        assert message.options["code"] == "protocol"


async def test_duplex_that_is_done_drains_until_the_caller_ends(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (_, node, raw):
        await raw.call(1, "early", "duplex", window=1000)
        kinds = [(await raw.receive()).kind for _ in range(3)]
        assert kinds == [Kind.CREDIT, Kind.DATA, Kind.END]
        await raw.send(Kind.DATA, 1, bodies=[b"x" * (1 << 19)])
        credit = await raw.receive()
        assert (credit.kind, credit.call) == (Kind.CREDIT, 1)
        await raw.send(Kind.END, 1)
        await raw.send(Kind.PING)
        assert (await raw.receive()).kind == Kind.PONG
        assert node._server
        assert [s.calls for s in node._server._sessions.values()] == [{}]


async def test_what_comes_for_a_call_that_is_over_is_dropped(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (_, node, raw):
        await raw.call(1, "echo")
        await raw.receive()
        await raw.send(Kind.CANCEL, 1)
        await raw.send(Kind.CREDIT, 1, options={"bytes": 5})
        await raw.send(Kind.DATA, 99, bodies=[b"1"])
        await raw.send(Kind.PING)
        assert (await raw.receive()).kind == Kind.PONG
        assert not node.refused


async def test_numbers_of_calls_rise(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (service, node, raw):
        await raw.call(5, "wait")
        await raw.call(4, "echo")  # not answered: its number has passed
        await raw.call(5, "wait")
        error = await raw.receive()
        assert (error.call, error.options["code"]) == (5, "protocol")
        assert not service.callers
        assert node.refused == {"call_reused": 2}


async def test_open_calls_have_a_limit(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session_module.MAX_OPEN_CALLS == 4096
    monkeypatch.setattr(session_module, "MAX_OPEN_CALLS", 3)
    async with meeting(endpoints) as (service, _, raw):
        for call in range(1, 5):
            await raw.call(call, "wait")
        error = await raw.receive()
        assert (error.call, error.options["code"]) == (4, "overloaded")
        await raw.send(Kind.CANCEL, 1)
        await raw.call(5, "echo")
        assert (await raw.receive()).kind == Kind.END
        assert service.cancelled == 1


async def test_caller_that_leaves_loses_its_calls_at_once(endpoints: Endpoints) -> None:
    async with meeting(endpoints) as (service, node, raw):
        await raw.call(1, "wait")
        await raw.call(2, "stream", "source", window=1000)
        await until(lambda: service.started == 2)
        raw.socket.close()
        async with asyncio.timeout(AT_ONCE_S):
            await until(lambda: service.cancelled == 2)
        assert node._server
        assert not node._server._sessions


async def test_silent_caller_is_forgotten(endpoints: Endpoints) -> None:
    async with meeting(endpoints, FAST) as (service, _, raw):
        await raw.call(1, "wait")
        await until(lambda: service.cancelled)
        kinds = []
        while True:
            message = await raw.receive()
            kinds.append(message.kind)
            if message.kind == Kind.ERROR:
                break
        assert message.options["code"] == "unavailable"
        assert kinds.count(Kind.PING) >= 3
        await raw.send(Kind.CREDIT, 1, options={"bytes": 1})
        assert (await raw.meet()).kind == Kind.HELLO


async def test_caller_that_answers_pings_stays(endpoints: Endpoints) -> None:
    async with meeting(endpoints, FAST) as (service, node, raw):
        await raw.call(1, "wait")
        for _ in range(8):
            assert (await raw.receive()).kind == Kind.PING
            await raw.send(Kind.PONG, options={"incarnation": b"12345678"})
        assert not service.cancelled
        assert not node.refused


async def test_stop_ends_open_calls_within_a_second(endpoints: Endpoints) -> None:
    service = Service()
    node = Node("service", endpoints, service.methods())
    await node.start()
    raw = RawCaller(endpoints("service"))
    await raw.meet()
    await raw.call(1, "wait")
    await raw.call(2, "stream", "source", window=1000)
    await until(lambda: service.started == 2)
    async with asyncio.timeout(AT_ONCE_S):
        await node.stop()
    assert service.cancelled == 2
    errors = [await raw.receive(), await raw.receive()]
    assert {error.call for error in errors} == {1, 2}
    assert {error.options["code"] for error in errors} == {"unavailable"}
    raw.close()


async def test_stop_does_not_wait_for_a_stubborn_handler(endpoints: Endpoints) -> None:
    released = asyncio.Event()

    async def stubborn(_: Call) -> object:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        raise CallerError("too late")

    node = Node("service", endpoints, {"stubborn": Method("async", stubborn)})
    await node.start()
    raw = RawCaller(endpoints("service"))
    await raw.meet()
    await raw.call(1, "stubborn")
    assert node._server
    sessions = node._server._sessions
    await until(lambda: any(session.calls for session in sessions.values()))
    async with asyncio.timeout(AT_ONCE_S):
        stopping = asyncio.create_task(node.stop())
        await asyncio.sleep(0.05)
        await raw.call(2, "stubborn")
        answers = [await raw.receive(), await raw.receive()]
        await stopping
    assert [answer.options["code"] for answer in answers] == ["unavailable", "unavailable"]
    released.set()
    await asyncio.sleep(0)
    raw.close()
