"""Errors keep fault, code and text on their way over the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bus.errors import (
    MAX_TEXT,
    BusError,
    CallerError,
    DeadlineExceeded,
    EndpointError,
    OurError,
    PeerError,
    Unavailable,
    describe,
    revive,
)


@pytest.mark.parametrize(
    ("error", "fault", "code"),
    [
        (CallerError("no"), "caller", "bad_argument"),
        (CallerError("no", "not_found"), "caller", "not_found"),
        (PeerError("no"), "peer", "protocol"),
        (OurError("no"), "ours", "internal"),
        (Unavailable("no"), "ours", "unavailable"),
        (DeadlineExceeded("no"), "ours", "deadline"),
    ],
)
def test_errors_come_back_as_their_class(error: BusError, fault: str, code: str) -> None:
    assert (error.fault, error.code, error.message, str(error)) == (fault, code, "no", "no")
    options = describe(error)
    again = revive(options["fault"], options["code"], options["message"])
    assert type(again) is type(error)
    assert repr(again) == repr(error)


def test_unknown_fault_counts_as_ours() -> None:
    assert type(revive("nobody", "odd", "x")) is OurError
    assert describe(BusError("nobody", "odd", "x"))["fault"] == "ours"
    assert EndpointError("x").code == "refused"


@given(st.text(st.characters()))
def test_any_text_can_be_sent(text: str) -> None:
    assert describe(OurError(text + "\ud800" * 2))["message"].encode()
    assert len(describe(OurError(text * 2000))["message"]) <= MAX_TEXT
