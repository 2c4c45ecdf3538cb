"""The header codec: what goes in comes out, what is no message is refused with a reason."""

from contextlib import suppress
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bus import frames
from common.bus.frames import Kind, Refused, decode, encode

INCARNATION = b"12345678"
CALL = {"type": "source", "incarnation": INCARNATION}
ERROR = {"fault": "ours", "code": "internal", "message": "broken"}

bodies = st.lists(st.binary(max_size=40), min_size=1, max_size=30)
calls = st.integers(1, frames.MAX_CALL_ID - 1)


@given(calls, bodies, st.none() | st.integers(0, 2**53))
def test_data_round_trip(call: int, items: list[bytes], position: int | None) -> None:
    options: dict[str, Any] = {"types": b"\x02" * len(items)}
    if position is not None:
        options["position"] = position
    message = decode(encode(Kind.DATA, call, "", options, items))
    assert message == (Kind.DATA, call, "", options, items)


@given(calls, st.text(max_size=20), bodies, st.integers(0, 2**40))
def test_call_round_trip(call: int, method: str, items: list[bytes], window: int) -> None:
    options = {**CALL, "window": window, "caller": {"feed": "@"}, "unknown": [1]}
    message = decode(encode(Kind.CALL, call, method, options, items))
    assert message == (Kind.CALL, call, method, options, items)


@pytest.mark.parametrize(
    ("kind", "call", "options"),
    [
        (Kind.HELLO, 0, {"incarnation": INCARNATION, "manifest": {}}),
        (Kind.END, 1, {}),
        (Kind.ERROR, 1, ERROR),
        (Kind.CREDIT, 1, {"bytes": 5}),
        (Kind.CANCEL, 1, {}),
        (Kind.PING, 0, {}),
        (Kind.PONG, 0, {"incarnation": INCARNATION}),
    ],
)
def test_messages_without_bodies_are_one_frame(kind: int, call: int, options: Any) -> None:
    sent = encode(kind, call, "", options)
    assert len(sent) == 1
    assert decode(sent) == (kind, call, "", options, [])


def test_end_carries_one_value() -> None:
    assert decode(encode(Kind.END, 1, "", {"types": b"\0"}, [b""])).bodies == [b""]


@pytest.mark.parametrize(
    ("header", "block", "reason", "call"),
    [
        ([2, 3, 7, "", {}, [1]], b"x", "version", 0),
        ([True, 3, 7, "", {}, [1]], b"x", "version", 0),
        ([1, 3, 7, "", {}], b"x", "header", 0),
        ([], None, "header", 0),
        ({}, None, "header", 0),
        ([1, 3, -1, "", {}, [1]], b"x", "call", 0),
        ([1, 3, 2**53, "", {}, [1]], b"x", "call", 0),
        ([1, 3, 1.5, "", {}, [1]], b"x", "call", 0),
        ([1, 3, 0, "", {}, [1]], b"x", "call", 0),
        ([1, 8, 7, "", {}, []], None, "call", 7),
        ([1, 99, 7, "", {}, []], None, "kind", 7),
        ([1, "3", 7, "", {}, []], None, "kind", 7),
        ([1, 3, 7, b"", {}, [1]], b"x", "header", 7),
        ([1, 3, 7, "", [], [1]], b"x", "header", 7),
        ([1, 3, 7, "", {}, 1], b"x", "header", 7),
        ([1, 3, 7, "", {}, [2]], b"x", "sizes", 7),
        ([1, 3, 7, "", {}, [2, -1]], b"x", "sizes", 7),
        ([1, 3, 7, "", {}, ["1"]], b"x", "sizes", 7),
        ([1, 3, 7, "", {}, [1]], None, "sizes", 7),
        ([1, 4, 7, "", {}, []], b"", "sizes", 7),
        ([1, 3, 7, "", {}, []], None, "bodies", 7),
        ([1, 2, 7, "m", CALL, []], None, "bodies", 7),
        ([1, 4, 7, "", {}, [1, 1]], b"xx", "bodies", 7),
        ([1, 3, 7, "", {}, [0] * 1025], b"", "bodies", 7),
        ([1, 3, 7, "", {"types": b"\2\2"}, [1]], b"x", "types", 7),
        ([1, 3, 7, "", {"types": "2"}, [1]], b"x", "options", 7),
        ([1, 3, 7, "", {"position": -1}, [1]], b"x", "options", 7),
        ([1, 3, 7, "", {"position": None}, [1]], b"x", "options", 7),
        ([1, 2, 7, "m", {"type": "sync", "incarnation": INCARNATION}, [1]], b"x", "options", 7),
        ([1, 2, 7, "m", {"type": "async", "incarnation": b"short"}, [1]], b"x", "options", 7),
        ([1, 2, 7, "m", {**CALL, "caller": "me"}, [1]], b"x", "options", 7),
        ([1, 5, 7, "", {"fault": "ours"}, []], None, "options", 7),
        ([1, 6, 7, "", {"bytes": True}, []], None, "options", 7),
        ([1, 1, 0, "", {}, []], None, "options", 0),
    ],
)
def test_what_is_no_message_is_refused(
    header: object, block: bytes | None, reason: str, call: int
) -> None:
    sent = [msgpack.packb(header)]
    with pytest.raises(Refused) as refused:
        decode(sent if block is None else [*sent, block])
    assert (refused.value.reason, refused.value.call) == (reason, call)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([], "frames"),
        ([b"", b"", b""], "frames"),
        ([b""], "header"),
        ([b"\xc1"], "header"),
        ([b"\x91" * 60_000], "header"),
        ([b"\x81\x91\x01\x01"], "header"),
        ([b"\x01\x01"], "header"),
        ([b"\x91\xa1\xff"], "header"),
        ([b"\x00" * 65_537], "header_size"),
    ],
)
def test_frames_that_are_no_header_are_refused(sent: list[bytes], reason: str) -> None:
    with pytest.raises(Refused, match=f"^{reason}$"):
        decode(sent)


def test_limits_hold_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = encode(Kind.DATA, 1, "", {}, [b"x" * 100])
    monkeypatch.setattr(frames, "MAX_MESSAGE", 99)
    with pytest.raises(Refused, match=r"^size$"):
        decode(sent)
    with pytest.raises(ValueError, match="over the limits"):
        encode(Kind.DATA, 1, "", {}, [b"x" * 100])
    with pytest.raises(ValueError, match="over the limits"):
        encode(Kind.DATA, 1, "", {}, [b""] * 1025)
    with pytest.raises(ValueError, match="header"):
        encode(Kind.CALL, 1, "m" * 65_536, CALL, [b"[]"])


@given(st.binary(max_size=200), st.none() | st.binary(max_size=20))
def test_no_bytes_crash_the_decoder(header: bytes, block: bytes | None) -> None:
    with suppress(Refused):
        assert decode([header] if block is None else [header, block]).kind in set(Kind)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.integers(0, 10), json_like, json_like, json_like, json_like)
def test_no_header_crashes_the_decoder(
    kind: int, call: Any, method: Any, options: Any, sizes: Any
) -> None:
    headers: list[tuple[object, ...]] = [
        (1, kind, call, method, options, sizes),
        (1, kind, 5, "", options, []),
    ]
    for header in headers:
        with suppress(Refused):
            assert decode([msgpack.packb(header)]).kind in set(Kind)
