import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire.errors import PacketError
from common.wire.events import Failure
from common.wire.packets import BUFFER, JSON, STRING


@given(st.builds(Failure, st.text(), st.text(), st.text()))
def test_failures_cross_the_wire(failure: Failure) -> None:
    assert Failure.decode(JSON, failure.encode()) == failure


def test_a_failure_without_a_stack_gets_one() -> None:
    fields = {"message": "no", "name": "Error", "stack": "Error: no"}
    assert json.loads(Failure("no").encode()) == fields


@pytest.mark.parametrize("body", [b"true", b"null", b"false", b"0", b'""'])
def test_good_ends(body: bytes) -> None:
    assert Failure.decode(JSON, body) is None


@pytest.mark.parametrize(
    ("kind", "body", "failure"),
    [
        (STRING, b"words", Failure("words")),
        (BUFFER, b"bytes\xff", Failure("bytes�")),
        (JSON, b"[1]", Failure("[object Array]")),
        (JSON, b'{"message":1,"name":null}', Failure("1", "null")),
        (JSON, b'{"code":1}', Failure("")),
    ],
)
def test_bad_ends_of_any_kind(kind: int, body: bytes, failure: Failure) -> None:
    assert Failure.decode(kind, body) == failure


def test_an_end_that_is_no_json() -> None:
    with pytest.raises(PacketError):
        Failure.decode(JSON, b"{")
