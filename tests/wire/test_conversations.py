"""Two sessions talk to each other: whatever they do, both tell the same story and keep nothing."""

from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from common.wire.events import CallType, Closed, Ended, Failure, Items, Request, Value
from common.wire.packets import BUFFER, JSON, STRING
from common.wire.session import Session

Item = tuple[int, bytes]
TYPES: list[CallType] = ["async", "source", "sink", "duplex"]
ITEMS = st.lists(
    st.tuples(st.sampled_from([BUFFER, STRING, JSON]), st.binary(min_size=1, max_size=30)),
    min_size=1,
    max_size=8,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.integers(0, 1), st.sampled_from(TYPES)),
        st.tuples(st.just("send"), st.integers(0, 1), st.integers(0, 9), ITEMS),
        st.tuples(st.sampled_from(["end", "fail"]), st.integers(0, 1), st.integers(0, 9)),
        st.tuples(st.just("carry"), st.integers(0, 1), st.integers(1, 400)),
    ),
    max_size=40,
)


@dataclass
class Side:
    session: Session = field(default_factory=Session)
    wire: bytearray = field(default_factory=bytearray)  # what is on its way to the other side
    calls: list[int] = field(default_factory=list)
    sent: dict[int, list[Item]] = field(default_factory=lambda: defaultdict(list))
    got: dict[int, list[Item]] = field(default_factory=lambda: defaultdict(list))
    ends: dict[int, list[Failure | None]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[int, bytes] = field(default_factory=dict)
    closed: bool = False

    def flush(self) -> None:
        self.wire += self.session.data_to_send()

    def hear(self, data: bytes) -> None:
        seen = set()
        for event in self.session.receive_data(data):
            match event:
                case Request():
                    self.calls.append(event.call)
                case Items():
                    assert event.call not in seen, "one event a call and reading"
                    seen.add(event.call)
                    assert not self.ends[event.call], "nothing comes behind the end"
                    assert len(event.bodies) == len(event.types)
                    self.got[event.call] += zip(event.types, event.bodies, strict=True)
                case Ended():
                    self.ends[event.call].append(event.failure)
                case Value():
                    self.answers[event.call] = event.body
                case Closed():
                    self.closed = True


def carry(a: Side, b: Side, size: int) -> None:
    a.flush()
    data = bytes(a.wire[:size])
    del a.wire[:size]
    b.hear(data)
    b.flush()


def settle(sides: list[Side]) -> None:
    while any(side.wire for side in sides):
        for a, b in (sides, sides[::-1]):
            carry(a, b, 1 << 20)


def play(sides: list[Side], step: tuple[object, ...]) -> None:
    match step:
        case ("call", int(who), kind):
            assert kind in TYPES
            side = sides[who]
            side.calls.append(side.session.call(kind, ["x"], b"[]"))
        case ("send", int(who), int(n), list(items)):
            side = sides[who]
            if n < len(side.calls):
                number = side.calls[n]
                types = bytes(kind for kind, _ in items)
                if side.session.send(number, [body for _, body in items], types):
                    side.sent[number] += items
        case ("end", int(who), int(n)):
            if n < len(sides[who].calls):
                sides[who].session.end(sides[who].calls[n])
        case ("fail", int(who), int(n)):
            if n < len(sides[who].calls):
                sides[who].session.fail(sides[who].calls[n], "no")
        case ("carry", int(who), int(size)):
            carry(sides[who], sides[1 - who], size)
    sides[0].flush()
    sides[1].flush()


@settings(max_examples=200)
@given(STEPS)
def test_random_conversations(steps: list[tuple[object, ...]]) -> None:
    sides = [Side(), Side()]
    for step in steps:
        play(sides, step)
    settle(sides)
    for side in sides:
        for number in side.calls:
            side.session.end(number)
        side.flush()
    settle(sides)
    for side, other in (sides, sides[::-1]):
        assert not side.closed
        assert not side.session._calls.open
        assert not side.session._calls.lingering
        assert all(len(ends) <= 1 for ends in side.ends.values())
        for number, items in side.got.items():
            assert items == other.sent[-number][: len(items)]


@settings(max_examples=100)
@given(ITEMS, st.lists(st.integers(1, 200), max_size=20), st.sampled_from(["source", "duplex"]))
def test_a_stream_that_nobody_breaks_arrives_whole(
    items: list[Item], sizes: list[int], kind: CallType
) -> None:
    caller, server = Side(), Side()
    number = caller.session.call(kind, ["x"], b"[]")
    carry(caller, server, 1 << 20)
    (call,) = server.calls
    server.session.send(call, [body for _, body in items], bytes(kind for kind, _ in items))
    server.session.end(call)
    server.flush()
    for size in sizes:
        carry(server, caller, size)
    settle([server, caller])
    assert caller.got[number] == items
    assert caller.ends[number] == [None]
