import json
from typing import Any

import pytest

from common.wire import session as session_module
from common.wire.calls import MAX_OPEN_CALLS
from common.wire.errors import ClosedError
from common.wire.events import CallType, Closed, Ended, Event, Failure, Items, Request, Value
from common.wire.packets import BUFFER, END, GOODBYE, JSON, STREAM, STRING, Packet, Reader, encode
from common.wire.session import MAX_PENDING_BYTES, Session

NO = Failure("no", "Error", "Error: no")


def opening(name: str, call_type: str = "async", args: str = "[]") -> bytes:
    kind = "" if call_type == "async" else f',"type":"{call_type}"'
    return f'{{"name":["{name}"],"args":{args}{kind}}}'.encode()


def request(req: int, call_type: str) -> bytes:
    flags = JSON if call_type == "async" else JSON | STREAM
    return encode(flags, req, opening("x", call_type))


def sent(session: Session) -> list[Packet]:
    return Reader().feed(session.data_to_send())


def opened(call_type: str) -> Session:
    """A session in which the peer has called `x` with number 1."""
    session = Session()
    events = session.receive_data(request(1, call_type))
    assert events == [Request(1, call_type, ("x",), b"[]")]  # type: ignore[arg-type]
    return session


def end(req: int, body: bytes = b"true") -> bytes:
    return encode(JSON | STREAM | END, req, body)


def item(req: int, body: bytes = b"1", kind: int = JSON) -> bytes:
    return encode(kind | STREAM, req, body)


FAILED = json.dumps({"message": "no", "name": "Error", "stack": "Error: no"}).encode()
FAILED_COMPACT = NO.encode()


# The peer calls us.


def test_an_async_call_is_answered_once() -> None:
    session = opened("async")
    session.reply(1, b"text", STRING)
    session.reply(1, b"again", STRING)
    assert sent(session) == [(STRING, -1, b"text")]


def test_an_answer_without_a_value_is_what_the_reference_sends() -> None:
    session = opened("async")
    session.reply(1)
    session.receive_data(request(2, "async"))
    session.end(2)
    session.receive_data(request(3, "async"))
    session.reply(3, b"", STRING)
    assert sent(session) == [(JSON, -1, b"false"), (JSON, -2, b"false"), (JSON, -3, b'""')]


def test_an_async_call_fails() -> None:
    session = opened("async")
    session.fail(1, "no")
    session.fail(1, "twice")
    assert sent(session) == [(JSON | END, -1, FAILED_COMPACT)]


def test_a_source_is_read_to_its_end() -> None:
    session = opened("source")
    assert session.send(1, [b"1", b"two", b"", b"3"], bytes([JSON, STRING, BUFFER, BUFFER]))
    assert session.send(1, [b""], bytes([STRING]))
    session.end(1)
    assert not session.send(1, [b"late"])
    assert sent(session) == [
        (JSON | STREAM, -1, b"1"),
        (STRING | STREAM, -1, b"two"),
        (BUFFER | STREAM, -1, b"3"),
        (JSON | STREAM, -1, b'""'),
        (JSON | STREAM | END, -1, b"true"),
    ]
    assert session.receive_data(item(1) + end(1)) == []
    assert sent(session) == []


def test_a_source_is_aborted_by_its_reader() -> None:
    session = opened("source")
    assert session.receive_data(end(1)) == [Ended(1, None)]
    assert sent(session) == [(JSON | STREAM | END, -1, b"true")]
    session = opened("source")
    assert session.receive_data(end(1, FAILED)) == [Ended(1, NO)]
    assert sent(session) == [(JSON | STREAM | END, -1, FAILED_COMPACT)]
    session.end(1)
    assert sent(session) == []


def test_what_a_reader_sends_into_its_source_is_dropped() -> None:
    assert opened("source").receive_data(item(1)) == []


def test_a_sink_ends_when_its_work_is_done() -> None:
    session = opened("sink")
    assert not session.send(1, [b"1"])
    events = session.receive_data(item(1) + item(1, b"two", STRING) + end(1))
    assert events == [Items(1, [b"1", b"two"], bytes([JSON, STRING])), Ended(1, None)]
    assert sent(session) == []
    session.end(1)
    assert sent(session) == [(JSON | STREAM | END, -1, b"true")]
    session.end(1)
    assert sent(session) == []


def test_a_sink_may_fail_before_it_was_told_all() -> None:
    session = opened("sink")
    session.fail(1, "no")
    assert sent(session) == [(JSON | STREAM | END, -1, FAILED_COMPACT)]
    assert session.receive_data(item(1) + end(1) + item(2)) == []
    session = opened("sink")
    session.end(1)
    assert session.receive_data(item(1) + end(1)) == []


def test_a_sink_fails_after_its_end() -> None:
    session = opened("sink")
    session.receive_data(end(1))
    session.fail(1, "no")
    assert sent(session) == [(JSON | STREAM | END, -1, FAILED_COMPACT)]


@pytest.mark.parametrize("first", ["peer", "we"])
def test_a_duplex_ends_in_each_direction(first: str) -> None:
    session = opened("duplex")
    if first == "we":
        session.end(1)
        assert session.receive_data(item(1) + end(1)) == [
            Items(1, [b"1"], bytes([JSON])),
            Ended(1, None),
        ]
    else:
        assert session.receive_data(end(1) + end(1) + item(1)) == [Ended(1, None)]
        assert session.send(1, [b"1"])
        session.end(1)
    session.receive_data(request(2, "async"))
    assert not session.send(1, [b"1"])


def test_a_duplex_fails_in_both_directions() -> None:
    session = opened("duplex")
    assert session.receive_data(end(1, FAILED)) == [Ended(1, NO)]
    assert sent(session) == [(JSON | STREAM | END, -1, FAILED_COMPACT)]
    session = opened("duplex")
    session.end(1)
    session.data_to_send()
    session.fail(1, "no")
    assert sent(session) == []
    assert session.receive_data(item(1) + end(1)) == []


def test_items_of_one_reading_come_together() -> None:
    session = Session()
    session.receive_data(request(1, "sink") + request(2, "duplex"))
    data = item(1, b"1") + item(2, b"2") + item(1, b"3") + item(2, b"4") + end(2)
    assert session.receive_data(data) == [
        Items(1, [b"1", b"3"], bytes([JSON, JSON])),
        Items(2, [b"2", b"4"], bytes([JSON, JSON])),
        Ended(2, None),
    ]
    assert session.receive_data(item(1, b"5")) == [Items(1, [b"5"], bytes([JSON]))]


# We call the peer.


def called(call_type: CallType) -> Session:
    session = Session()
    assert session.call(call_type, ["a", "b"], b"[1]") == -1
    kind = "" if call_type == "async" else f',"type":"{call_type}"'
    flags = JSON if call_type == "async" else JSON | STREAM
    assert sent(session) == [(flags, 1, f'{{"name":["a","b"],"args":[1]{kind}}}'.encode())]
    return session


def test_our_async_call_is_answered() -> None:
    session = called("async")
    assert session.call("async", ["a"], b"[]") == -2
    assert session.receive_data(encode(STRING, -1, b"v") * 2) == [Value(-1, b"v", STRING)]
    assert session.receive_data(encode(JSON | END, -2, FAILED)) == [Ended(-2, NO)]
    assert called("async").receive_data(encode(JSON | END, -1, b"true")) == [
        Ended(-1, Failure("the peer ended the call"))
    ]


def test_our_async_call_is_given_up() -> None:
    session = called("async")
    session.reply(-1)
    session.end(-1)
    session.end(-1)
    assert session.receive_data(encode(STRING, -1, b"v")) == []
    session = called("async")
    session.fail(-1, "no")
    assert sent(session) == []


def test_our_source_is_read_to_its_end() -> None:
    session = called("source")
    assert session.receive_data(item(-1) + end(-1)) == [
        Items(-1, [b"1"], bytes([JSON])),
        Ended(-1, None),
    ]
    assert sent(session) == [(JSON | STREAM | END, 1, b"true")]


def test_we_abort_our_source() -> None:
    session = called("source")
    session.end(-1)
    assert sent(session) == [(JSON | STREAM | END, 1, b"true")]
    assert session.receive_data(item(-1) + end(-1)) == []
    session = called("source")
    session.fail(-1, "no")
    assert sent(session) == [(JSON | STREAM | END, 1, FAILED_COMPACT)]


def test_our_sink_is_confirmed() -> None:
    session = called("sink")
    assert session.send(-1, [b"1"])
    session.end(-1)
    assert session.receive_data(item(-1) + end(-1)) == [Ended(-1, None)]
    assert sent(session) == [(JSON | STREAM, 1, b"1"), (JSON | STREAM | END, 1, b"true")]


def test_our_sink_is_cut_off() -> None:
    session = called("sink")
    assert session.receive_data(end(-1, FAILED)) == [Ended(-1, NO)]
    assert sent(session) == [(JSON | STREAM | END, 1, FAILED_COMPACT)]
    assert not session.send(-1, [b"1"])


def test_our_duplex_goes_both_ways() -> None:
    session = called("duplex")
    session.send(-1, [b"1"])
    assert session.receive_data(item(-1) + end(-1)) == [
        Items(-1, [b"1"], bytes([JSON])),
        Ended(-1, None),
    ]
    session.end(-1)
    assert sent(session) == [(JSON | STREAM, 1, b"1"), (JSON | STREAM | END, 1, b"true")]


def test_answers_of_the_wrong_shape_are_ignored() -> None:
    assert called("source").receive_data(encode(JSON | END, -1, b"true")) == []
    assert called("async").receive_data(encode(JSON, -7, b"1") + item(-7) + item(0)) == []


def test_an_answer_as_a_stream_costs_the_connection() -> None:
    assert called("async").receive_data(item(-1))[-1] == Closed(
        "call number -1 is used for two calls"
    )


# What makes no sense.


def test_requests_that_are_none_are_refused() -> None:
    session = Session()
    data = encode(JSON, 1, b"{}") + encode(JSON | STREAM, 2, b'{"args":[],"type":"x"}')
    assert session.receive_data(data + item(2) + end(2)) == []
    one, two = sent(session)
    assert one[:2] == (JSON | END, -1)
    assert json.loads(one[2])["message"] == "invalid request, args should be array, was: {}"
    assert two[:2] == (JSON | STREAM | END, -2)
    assert json.loads(two[2])["message"] == "unsupported stream type: x"
    assert session.refusals == [
        "invalid request, args should be array, was",
        "unsupported stream type",
    ]


def test_what_waits_is_told() -> None:
    session = Session()
    session.receive_data(request(1, "async")[:12])
    assert session.held == 12
    session.receive_data(request(1, "async")[12:])
    assert session.held == 0
    session.reply(1)
    assert session.held == len(session.data_to_send())
    assert session.held == 0


def test_an_end_of_nothing_is_confirmed() -> None:
    session = Session()
    assert session.receive_data(end(4) + end(5, FAILED)) == []
    assert sent(session) == [
        (JSON | STREAM | END, -4, b"true"),
        (JSON | STREAM | END, -5, FAILED_COMPACT),
    ]


@pytest.mark.parametrize(
    "data",
    [
        request(1, "async") + request(1, "async"),
        request(1, "async") + request(1, "source"),
        request(1, "sink") + request(1, "async"),
        encode(JSON | STREAM, 1, b'{"args":[]}') + request(1, "async"),
    ],
)
def test_a_number_is_of_one_call(data: bytes) -> None:
    session = Session()
    assert session.receive_data(data)[-1] == Closed("call number 1 is used for two calls")


@pytest.mark.parametrize("data", [encode(JSON, 1, b"{"), item(1, b"{"), end(1, b"{")])
def test_what_is_no_json_costs_the_connection(data: bytes) -> None:
    session = Session()
    (closed,) = session.receive_data(data + request(2, "async"))
    assert isinstance(closed, Closed)
    assert closed.reason
    assert "no JSON" in closed.reason
    assert session.closed
    assert session.receive_data(request(3, "async")) == []
    assert session.receive_eof() == []
    assert session.data_to_send() == GOODBYE


def test_an_unknown_type_costs_the_connection_behind_what_was_good() -> None:
    session = opened("sink")
    assert session.receive_data(item(1) + item(1, b"x", 3)) == [
        Items(1, [b"1"], bytes([JSON])),
        Ended(1, Failure("packet of an unknown type")),
        Closed("packet of an unknown type"),
    ]


# Goodbye.


def test_the_peers_goodbye_ends_all_calls() -> None:
    session = opened("source")
    session.call("async", ["x"], b"[]")
    session.data_to_send()
    lost = Failure("unexpected end of parent stream")
    assert session.receive_data(GOODBYE) == [Ended(1, lost), Ended(-1, lost), Closed(None)]
    session.reply(1)
    session.send(1, [b"1"])
    session.end(1)
    session.fail(1, "no")
    session.goodbye()
    assert session.data_to_send() == GOODBYE
    with pytest.raises(ClosedError):
        session.call("async", ["x"], b"[]")


def test_our_goodbye_is_the_last_word() -> None:
    session = opened("source")
    session.receive_data(request(2, "async"))
    session.goodbye()
    session.goodbye()
    assert not session.send(1, [b"1"])
    session.reply(2)
    with pytest.raises(ClosedError):
        session.call("async", ["x"], b"[]")
    assert session.data_to_send() == GOODBYE
    assert session.receive_data(GOODBYE)[-1] == Closed(None)
    assert session.data_to_send() == b""


def test_hanging_up_is_told() -> None:
    session = opened("source")
    assert session.receive_eof() == [
        Ended(1, Failure("the peer hung up")),
        Closed("the peer hung up"),
    ]


# Bounds.


def test_too_many_calls_are_refused_one_by_one() -> None:
    session = Session()
    numbers = range(1, MAX_OPEN_CALLS + 1)
    assert len(session.receive_data(b"".join(request(n, "async") for n in numbers))) == len(numbers)
    last = MAX_OPEN_CALLS + 1
    assert session.receive_data(request(last, "async") + request(last + 1, "source")) == []
    refusals = [json.loads(body)["message"] for _, _, body in sent(session)]
    assert refusals == [f"too many calls at once, {MAX_OPEN_CALLS} are allowed"] * 2
    session.reply(1)
    assert len(session.receive_data(request(last + 2, "async"))) == 1


def test_a_slow_reader_loses_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "MAX_PENDING_BYTES", 1000)
    assert MAX_PENDING_BYTES > 1000
    session = opened("source")
    assert session.send(1, [b"x" * 600, b"x" * 600])
    assert not session.send(1, [b"x"])
    flags, req, body = sent(session)[-1]
    assert (flags, req) == (JSON | STREAM | END, -1)
    assert "slow reader" in json.loads(body)["message"]
    assert not session.send(1, [b"x"])


def outcome(events: list[Event]) -> list[Any]:
    return [type(event).__name__ for event in events]


def test_pieces_of_any_size_mean_the_same() -> None:
    data = request(1, "sink") + item(1) + item(1, b"two", STRING) + end(1) + GOODBYE
    session = Session()
    events = [event for n in data for event in session.receive_data(bytes([n]))]
    assert outcome(events) == ["Request", "Items", "Items", "Ended", "Ended", "Closed"]
