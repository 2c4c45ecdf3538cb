"""The bus over tcp: with the right keys, and with wrong ones or none."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
import zmq.asyncio

from common.bus import Call, EndpointError, KeysError, Method, Node, Timing, Unavailable
from common.bus.keyring import make, read
from tests.bus.wire import Endpoints
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_S, until

FAST = Timing(tick=0.02)


async def echo(call: Call) -> object:
    return call.args


METHODS = {"echo": Method("async", echo)}


@pytest.fixture
def tcp() -> Endpoints:
    where = f"tcp://127.0.0.1:{free_port()}"
    return lambda _: where


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make(tmp_path / "keys", ["service", "caller"])
    return tmp_path / "keys"


@pytest.fixture
def stranger(tmp_path: Path, keys: Path) -> Path:
    """The folder of somebody who knows the service and is not known to it."""
    make(tmp_path / "strange", ["caller"])
    (tmp_path / "strange" / "service.pub").write_bytes((keys / "service.pub").read_bytes())
    return tmp_path / "strange"


async def test_calls_go_over_tcp_with_known_keys(tcp: Endpoints, keys: Path) -> None:
    caller = Node("caller", tcp, calls=["service"], keys=keys)
    async with Node("service", tcp, METHODS, keys=keys) as service, caller:
        await caller.wait_up("service", PATIENCE_S)
        assert (await caller.call("service", "echo", 1)).json() == [1]
        assert not service.refused
        assert not caller.refused


async def test_a_service_is_found_by_the_name_of_its_host(keys: Path) -> None:
    where = f"tcp://localhost:{free_port()}"
    caller = Node("caller", lambda _: where, calls=["service"], keys=keys)
    async with Node("service", lambda _: where, METHODS, keys=keys), caller:
        await caller.wait_up("service", 5)
        assert (await caller.call("service", "echo", 1)).json() == [1]


@pytest.mark.parametrize("calls", [(), ("service",)])
async def test_tcp_without_keys_is_refused(tcp: Endpoints, calls: tuple[str, ...]) -> None:
    methods = {} if calls else METHODS
    with pytest.raises(KeysError, match=r"setting bus\.keys: tcp://127\.0\.0\.1:[0-9]+ needs"):
        await Node("service", tcp, methods, calls=calls).start()


async def test_unknown_service_is_refused_at_once(
    tcp: Endpoints, keys: Path, tmp_path: Path
) -> None:
    make(tmp_path / "alone", ["caller"])
    with pytest.raises(KeysError, match=r"service\.pub: there is no such file"):
        await Node("caller", tcp, calls=["service"], keys=tmp_path / "alone").start()
    assert keys


async def test_unknown_key_is_refused_and_counted(
    tcp: Endpoints, keys: Path, stranger: Path
) -> None:
    caller = Node("caller", tcp, calls=["service"], keys=stranger, timing=FAST)
    async with Node("service", tcp, METHODS, keys=keys) as service, caller:
        await until(lambda: service.refused["key"])
        await until(lambda: caller.refused["key"])
        assert not caller.is_up("service")
        with pytest.raises(Unavailable):
            await caller.call("service", "echo")


async def test_who_becomes_known_is_let_in(tcp: Endpoints, keys: Path, stranger: Path) -> None:
    async with Node("caller", tcp, calls=["service"], keys=stranger, timing=FAST) as caller:
        async with Node("service", tcp, METHODS, keys=keys) as service:
            await until(lambda: service.refused["key"])
        (keys / "friend.pub").write_bytes((stranger / "caller.pub").read_bytes())
        async with Node("service", tcp, METHODS, keys=keys):
            await caller.wait_up("service", PATIENCE_S)


async def test_service_with_another_key_is_not_spoken_to(
    tcp: Endpoints, keys: Path, tmp_path: Path
) -> None:
    make(tmp_path / "false", ["service"])
    (tmp_path / "false" / "caller.pub").write_bytes((keys / "caller.pub").read_bytes())
    caller = Node("caller", tcp, calls=["service"], keys=keys)
    async with Node("service", tcp, METHODS, keys=tmp_path / "false") as service, caller:
        await until(lambda: service.refused["handshake"])
        assert not caller.is_up("service")


async def test_who_speaks_without_keys_is_refused_and_counted(tcp: Endpoints, keys: Path) -> None:
    async with Node("service", tcp, METHODS, keys=keys) as service:
        context = zmq.asyncio.Context()
        socket = context.socket(zmq.DEALER)
        try:
            socket.connect(tcp("service"))
            await until(lambda: service.refused["handshake"])
        finally:
            socket.close(0)
            context.destroy(linger=0)
        _, writer = await asyncio.open_connection("127.0.0.1", int(tcp("").rpartition(":")[2]))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        writer.close()
        assert service.refused["key"] == 0


async def test_address_in_use_is_refused(tcp: Endpoints, keys: Path) -> None:
    async with Node("service", tcp, METHODS, keys=keys):
        with pytest.raises(EndpointError, match="in use"):
            await Node("service", tcp, METHODS, keys=keys).start()


async def test_context_has_one_door(
    tcp: Callable[[str], str], keys: Path, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    async with Node("service", tcp, METHODS, keys=keys, context=context):
        with pytest.raises(EndpointError):
            await Node("service", tcp, METHODS, keys=keys, context=context).start()
    assert read(keys, "caller").folder == keys
