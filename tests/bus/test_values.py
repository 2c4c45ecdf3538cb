"""Callers on the wire, replies and batches as JSON, text and bytes."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bus.values import US, Batch, Caller, Reply


@given(st.text(), st.text(), st.text(), st.text(), st.booleans())
def test_caller_round_trip(
    feed: str, role: str, transport: str, connection: str, client: bool
) -> None:
    caller = Caller(feed, role, transport, connection, client)
    assert Caller.from_map(caller.to_map()) == caller


def test_caller_left_out_is_the_suite_itself() -> None:
    assert Caller.from_map({}) == US == Caller("", "master", "bus", "", False)


@pytest.mark.parametrize("fields", [{"feed": 1}, {"client": "yes"}, {"role": None}])
def test_caller_with_a_wrong_type_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="wrong type"):
        Caller.from_map(fields)


def test_reply_is_read_as_its_type_says() -> None:
    assert Reply([], None, orjson.loads).json() is None
    assert Reply([b"[1]"], None, orjson.loads).json() == [1]
    assert Reply([b"[1]"], b"\2", orjson.loads).json() == [1]
    assert Reply([b"[1]"], b"\1", orjson.loads).json() == "[1]"
    assert Reply([b"[1]"], b"\0", orjson.loads).json() == b"[1]"
    with pytest.raises(ValueError, match="unexpected"):
        Reply([b"{"], None, orjson.loads).json()


def test_batch_is_read_item_by_item() -> None:
    assert Batch([b"1", b"2"], None, 7, orjson.loads).json() == [1, 2]
    assert Batch([b"1", b"2", b"3"], b"\2\1\0", 7, orjson.loads).json() == [1, "2", b"3"]
