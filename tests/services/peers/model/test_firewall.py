"""Whom the door refuses, and what is remembered of it."""

import pytest

from services.peers.model import firewall as module
from services.peers.model.firewall import Attempt, Firewall

NOW, MINUTE = 1_700_000_000_000, 60_000


def strict() -> Firewall:
    return Firewall(reject_blocked=True, reject_unknown=True)


@pytest.mark.parametrize(
    ("hops", "admitted"), [(0, True), (1, True), (3, True), (-1, True), (-2, False), (None, False)]
)
def test_who_is_within_reach_is_known(hops: int | None, admitted: bool) -> None:
    assert strict().admits("@a", hops, NOW) is admitted
    assert Firewall(reject_blocked=True, reject_unknown=False).admits("@a", hops, NOW)


def test_whom_we_dialled_may_dial_us_for_five_minutes() -> None:
    firewall = strict()
    firewall.dialled("@a", NOW)
    assert firewall.admits("@a", None, NOW + 5 * MINUTE)
    assert not firewall.admits("@a", None, NOW + 5 * MINUTE + 1)
    assert not firewall.admits("@a", None, NOW - 1)


def test_those_we_dialled_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WANTED", 2)
    firewall = strict()
    for name in ("@a", "@b", "@a", "@c"):
        firewall.dialled(name, NOW)
    assert [firewall.admits(name, None, NOW) for name in ("@a", "@b", "@c")] == [True, False, True]


def test_attempts_are_told_once_an_hour_and_the_latest_kept() -> None:
    firewall = strict()
    assert firewall.refused("@a", NOW) == Attempt("@a", NOW)
    assert firewall.refused("@a", NOW + 59 * MINUTE) is None
    assert firewall.refused("@a", NOW + 120 * MINUTE) == Attempt("@a", NOW + 120 * MINUTE)
    for n in range(30):
        firewall.refused(f"@{n}", NOW + n)
    kept = firewall.attempts()
    assert len(kept) == 20
    assert (kept[0].id, kept[1].id) == ("@a", "@29")
    assert firewall.known("@a")
    assert not firewall.known("@a")


@pytest.mark.parametrize(
    "entries", [None, {}, [5], [["@a"]], [["@a", "x"]], [[1, 2]], [["@" * 100, 1]]]
)
def test_any_file_is_read(entries: object) -> None:
    firewall = strict()
    firewall.load(entries)
    assert firewall.attempts() == []


def test_a_file_is_read_as_it_was_written() -> None:
    firewall = strict()
    firewall.load([["@a", 5], ["@b", 7]])
    assert firewall.attempts() == [Attempt("@b", 7), Attempt("@a", 5)]
