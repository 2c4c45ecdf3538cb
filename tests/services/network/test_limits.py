"""What strangers may use, and who is refused."""

import pytest

from services.network import limits
from services.network.limits import Guard, Ledger, Refused
from services.network.permission import ANONYMOUS, MASTER


def test_keys_are_refused_for_a_while() -> None:
    refused = Refused()
    refused.add("a", "lies", 10, 5)
    assert refused.reason("a", 14.9) == "lies"
    assert refused.reason("b", 14.9) is None
    assert refused.reason("a", 15) is None
    assert len(refused) == 0


def test_refused_keys_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_REFUSED_KEYS", 2)
    refused = Refused()
    for key in "abac":
        refused.add(key, "lies", 0, 1e9)
    assert len(refused) == 2
    assert refused.reason("b", 1) is None
    assert refused.reason("a", 1) == "lies"
    assert refused.reason("a", limits.MAX_REFUSAL_SECONDS + 1) is None


def test_the_ledger_adds_up() -> None:
    ledger = Ledger()
    ledger.put("a", 5)
    ledger.put("b", 7)
    ledger.put("a", 1)
    assert ledger.total == 8
    assert ledger.held == {"a": 1, "b": 7}
    ledger.put("b", 0)
    ledger.put("c", 0)
    assert (ledger.total, dict(ledger.held)) == (1, {"a": 1})


def test_calls_of_strangers_have_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BURST_CALLS", 2)
    guard = Guard(1)
    assert [guard.try_call("a", ANONYMOUS, 0) for _ in range(3)] == [
        None,
        None,
        "too many calls a second",
    ]
    assert guard.try_call("b", ANONYMOUS, 0) is None
    assert guard.try_call("a", MASTER, 0) is None
    assert guard.try_call("a", ANONYMOUS, 1) is None


def test_open_calls_of_strangers_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_OPEN_CALLS", 6)
    monkeypatch.setattr(limits, "LEAST_OPEN_CALLS", 1)
    guard = Guard(1)
    assert [guard.enter("a", ANONYMOUS) for _ in range(3)] == [None, None, "too many open calls"]
    assert [guard.enter("a", MASTER) for _ in range(9)] == [None] * 9
    assert guard.enter("b", ANONYMOUS) is None
    assert guard.open_calls == 3
    for role in (MASTER, ANONYMOUS, ANONYMOUS):
        guard.leave("a", role)
    assert guard.open_calls == 1


def test_a_key_with_many_calls_gets_small_windows() -> None:
    guard = Guard(1)
    first = guard.window("a", ANONYMOUS)
    for _ in range(100):
        guard.enter("a", ANONYMOUS)
    assert guard.window("a", ANONYMOUS) * 20 < first
    assert guard.window("a", MASTER) == guard.window("b", ANONYMOUS) == first
