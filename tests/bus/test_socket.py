"""Mailboxes: every message arrives, in turns that let others run."""

import asyncio
from pathlib import Path

import pytest
import zmq

from common.bus.socket import MAX_FRAME, MAX_TURN, Mailbox, Socket, Watch, open_socket
from tests.bus.wire import Endpoints
from tests.support.waiting import PATIENCE_S, until


def pair(context: zmq.Context[Socket], endpoint: str) -> tuple[Socket, Socket]:
    router, dealer = open_socket(context, zmq.ROUTER), open_socket(context, zmq.DEALER)
    router.bind(endpoint)
    dealer.connect(endpoint)
    return router, dealer


async def test_all_arrive_in_bounded_turns(context: zmq.Context[Socket]) -> None:
    router, dealer = pair(context, "inproc://turns")
    n = 3 * MAX_TURN + 10
    for number in range(n):
        dealer.send(b"%d" % number)
    received: list[bytes] = []
    per_turn: list[int] = []
    mailbox = Mailbox(router, lambda frames: received.append(frames[1]))
    while len(received) < n:
        before = len(received)
        await asyncio.sleep(0)
        per_turn.append(len(received) - before)
    assert received == [b"%d" % number for number in range(n)]
    assert max(per_turn) <= 2 * MAX_TURN  # the descriptor may call for one more in the same turn
    mailbox.close()
    dealer.close()


async def test_no_message_is_lost_when_both_sides_send_at_once(
    context: zmq.Context[Socket],
) -> None:
    router, dealer = pair(context, "inproc://both")
    at_router: list[list[bytes]] = []
    at_dealer: list[list[bytes]] = []
    left, right = Mailbox(router, at_router.append), Mailbox(dealer, at_dealer.append)
    right.send([b"hello"])
    await until(lambda: at_router)
    identity = at_router[0][0]
    for number in range(2000):
        assert left.send([identity, b"%d" % number])
        assert right.send([b"%d" % number])
        if number % 7 == 0:
            await asyncio.sleep(0)
    await until(lambda: len(at_dealer) == 2000 and len(at_router) == 2001)
    left.close()
    right.close()


async def test_failing_receiver_loses_only_its_message(context: zmq.Context[Socket]) -> None:
    router, dealer = pair(context, "inproc://failing")
    received: list[bytes] = []
    failures: list[object] = []

    def receive(frames: list[bytes]) -> None:
        if frames[1] == b"bad":
            raise ValueError("no message for us")
        received.append(frames[1])

    asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what))
    mailbox = Mailbox(router, receive)
    for body in (b"1", b"bad", b"2", b"bad", b"3"):
        dealer.send(body)
    await until(lambda: len(received) == 3)
    assert len(failures) == 2
    mailbox.close()
    dealer.close()


async def test_receiver_may_close_its_mailbox(context: zmq.Context[Socket]) -> None:
    router, dealer = pair(context, "inproc://closing")
    received: list[bytes] = []

    def receive(frames: list[bytes]) -> None:
        received.append(frames[1])
        mailbox.close()

    mailbox = Mailbox(router, receive)
    dealer.send(b"1")
    dealer.send(b"2")
    await until(lambda: received)
    await asyncio.sleep(0.01)
    assert received == [b"1"]
    assert not mailbox.send([b"x", b"late"])
    mailbox.drain()
    mailbox.close()
    dealer.close()


async def test_nobody_there_is_told_by_the_send(context: zmq.Context[Socket]) -> None:
    lonely = Mailbox(open_socket(context, zmq.DEALER), lambda _: None)
    assert not lonely.send([b"anybody?"])
    router = Mailbox(open_socket(context, zmq.ROUTER), lambda _: None)
    assert not router.send([b"a stranger", b"hello"])
    with pytest.raises(TypeError):
        lonely.send(["text"])  # type: ignore[list-item]
    lonely.close()
    router.close()


async def test_watch_tells_of_connections(
    context: zmq.Context[Socket], endpoints: Endpoints
) -> None:
    endpoint = endpoints("watched")
    Path(endpoint.removeprefix("ipc://")).parent.mkdir()
    router, dealer = open_socket(context, zmq.ROUTER), open_socket(context, zmq.DEALER)
    events: list[bool] = []
    watch = Watch(dealer, events.append)
    router.bind(endpoint)
    dealer.connect(endpoint)
    await until(lambda: events == [True])
    router.close()
    await until(lambda: events[:2] == [True, False])
    watch.close()
    watch.close()
    dealer.close()


async def test_frame_over_the_limit_ends_the_connection(
    context: zmq.Context[Socket], endpoints: Endpoints
) -> None:
    endpoint = endpoints("limit")
    Path(endpoint.removeprefix("ipc://")).parent.mkdir()
    router, dealer = open_socket(context, zmq.ROUTER), open_socket(context, zmq.DEALER)
    events: list[bool] = []
    received: list[list[bytes]] = []
    watch = Watch(router, events.append)
    mailbox = Mailbox(router, received.append)
    router.bind(endpoint)
    dealer.connect(endpoint)
    await until(lambda: events == [True])
    dealer.send(bytes(MAX_FRAME + 1))
    await until(lambda: False in events)
    assert not received
    watch.close()
    mailbox.close()
    dealer.close()


async def test_a_mailbox_whose_context_ends_closes_itself() -> None:
    context: zmq.Context[Socket] = zmq.Context()
    mailbox = Mailbox(open_socket(context, zmq.DEALER), lambda _: None)
    ending = asyncio.get_running_loop().run_in_executor(None, context.term)
    async with asyncio.timeout(PATIENCE_S):
        await ending
    assert mailbox.closed
