import pytest

from common.wire.calls import MAX_LINGERING, MAX_OPEN_CALLS, Call, Calls
from common.wire.events import CallType


@pytest.mark.parametrize(
    ("number", "kind", "reads", "writes", "as_one"),
    [
        (1, "async", False, False, False),
        (-1, "async", False, False, False),
        (1, "source", False, True, True),
        (-1, "source", True, False, True),
        (1, "sink", True, False, False),
        (-1, "sink", False, True, True),
        (1, "duplex", True, True, False),
        (-1, "duplex", True, True, False),
    ],
)
def test_who_reads_and_who_writes(
    number: int, kind: CallType, reads: bool, writes: bool, as_one: bool
) -> None:
    call = Call(number, kind)
    assert (call.reads, call.writes, call.ends_as_one) == (reads, writes, as_one)
    over = Call(number, kind, theirs_open=False, ours_open=False)
    assert (over.reads, over.writes) == (False, False)


def test_the_peers_calls_are_counted() -> None:
    calls = Calls()
    for n in range(1, MAX_OPEN_CALLS + 1):
        assert not calls.full
        calls.add(Call(n, "async"))
        calls.add(Call(-n, "async"))
    assert calls.full
    calls.forget(calls.open[-1])
    assert calls.full
    calls.forget(calls.open[1])
    assert not calls.full


def test_the_oldest_of_too_many_is_forgotten() -> None:
    calls = Calls()
    for n in range(MAX_LINGERING + 1):
        calls.linger(n)
    assert list(calls.lingering) == list(range(1, MAX_LINGERING + 1))
