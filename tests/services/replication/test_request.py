from typing import Any

import pytest

from common.bus import CallerError
from common.refs import feed_id
from services.replication.request import MAX_SEQUENCE, HistoryRequest, blocks_in, read_request

A = feed_id(bytes(32))
B = feed_id(bytes([1]) * 32)
PLAIN = HistoryRequest(A, 1, False, True, -1, True, True)


@pytest.mark.parametrize(
    "options",
    [{"seq": "a"}, {"live": "x"}, {"limit": "x"}, {"keys": "x"}, {"keys": []}, {"values": "x"}],
)
def test_wrong_options_get_the_text_of_the_reference(options: dict[str, Any]) -> None:
    with pytest.raises(CallerError) as caught:
        read_request([{"id": A} | options], {A: 5})
    assert caught.value.message == "Param 0 must by of type feedId"


@pytest.mark.parametrize(
    "args",
    [
        [],
        [None],
        [{}],
        [[]],
        [{"id": "x"}],
        ["foo"],
        [A],
        [A, 1, True],
        [{"id": B}],
        [{"id": B, "keys": "x"}],
        [{"id": A, "sequence": 6, "keys": "x"}],
        [{"id": "x", "live": True}],
    ],
)
def test_who_asks_for_nothing_that_is_there_gets_nothing(args: list[Any]) -> None:
    assert read_request(args, {A: 5}) is None


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        ([{"id": A}], PLAIN),
        ([{"id": A, "seq": 2.5}], HistoryRequest(A, 3, False, True, -1, True, True)),
        ([{"id": A, "live": True}], HistoryRequest(A, 1, True, True, -1, True, True)),
        ([{"id": A, "seq": 3}], HistoryRequest(A, 3, False, True, -1, True, True)),
        ([{"id": A, "seq": 3, "sequence": 4}], HistoryRequest(A, 4, False, True, -1, True, True)),
        ([{"id": A, "sequence": True}], PLAIN),
        (
            [{"id": A, "sequence": "q"}],
            HistoryRequest(A, MAX_SEQUENCE, False, True, -1, True, True),
        ),
        ([{"id": A, "seq": -3}], PLAIN),
        ([{"id": A, "limit": -1}], PLAIN),
        ([{"id": A, "live": 1, "old": False}], HistoryRequest(A, 1, True, False, -1, True, True)),
        (
            [{"id": A, "limit": 5, "keys": False, "values": False}],
            HistoryRequest(A, 1, False, True, 5, False, False),
        ),
        (
            [{"id": A, "limit": 1e300, "seq": 1e300, "live": True}],
            HistoryRequest(A, MAX_SEQUENCE, True, True, MAX_SEQUENCE, True, True),
        ),
    ],
)
def test_requests_are_read(args: list[Any], wanted: HistoryRequest) -> None:
    assert read_request(args, {A: 5}) == wanted


def spans(options: dict[str, Any], head: int) -> list[tuple[int, int, bool]]:
    wanted = read_request([{"id": A} | options], {A: head})
    assert wanted is not None
    return [(one["from"], one["limit"], one["live"]) for one in wanted.reads(head)]


def test_limits_are_for_what_is_there() -> None:
    assert spans({}, 5) == [(1, -1, False)]
    assert spans({"limit": 2}, 5) == [(1, 2, False)]
    assert spans({"limit": 0}, 5) == []
    assert spans({"live": True}, 5) == [(1, -1, True)]
    assert spans({"live": True, "limit": 2}, 5) == [(1, 2, False), (6, -1, True)]
    assert spans({"live": True, "limit": 9, "seq": 4}, 5) == [(4, 2, False), (6, -1, True)]
    assert spans({"live": True, "limit": 0}, 5) == [(6, -1, True)]
    assert spans({"live": True, "seq": 8}, 5) == [(8, -1, True)]
    assert spans({"old": False}, 5) == [(6, -1, True)]


@pytest.mark.parametrize(
    ("message", "blocked"),
    [
        ('{"content":{"type":"contact","contact":"%s","blocking":true}}', True),
        ('{"content":{"type":"contact","contact":"%s","flagged":{"reason":"x"}}}', True),
        ('{"content":{"type":"contact","contact":"%s","following":true}}', False),
        ('{"content":{"type":"contact","contact":"x","about":"%s","blocking":true}}', False),
        (
            '{"content":{"type":"post","text":"\\"contact\\"","contact":"%s","blocking":true}}',
            False,
        ),
        ('{"content":"%s"}', False),
        ('["contact","%s"]', False),
    ],
)
def test_a_block_of_the_caller_is_found(message: str, blocked: bool) -> None:
    assert blocks_in((message % B).encode(), B) == blocked
    assert not blocks_in((message % B).encode(), A)
    assert not blocks_in((message % B).encode(), "")
