from typing import Any

import pytest

from common.bus import CallerError
from common.refs import feed_id
from services.replication.request import MAX_SEQUENCE, HistoryRequest, blocks_in, read_request

A = feed_id(bytes(32))
B = feed_id(bytes([1]) * 32)
PLAIN = HistoryRequest(A, 1, False, True, -1, True, True)

NO_PARAM = "Param 0 is required"
NO_FEED = "Param 0 must by of type feedId"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ([], NO_PARAM),
        ([None], NO_PARAM),
        ([{}], NO_FEED),
        ([[]], NO_FEED),
        ([0], NO_PARAM),
        ([{"id": "x"}], NO_FEED),
        ([{"id": A, "seq": "a"}], NO_FEED),
        ([{"id": A, "live": "x"}], NO_FEED),
        ([{"id": A, "limit": "x"}], NO_FEED),
        ([{"id": A, "keys": "x"}], NO_FEED),
        ([{"id": A, "values": "x"}], NO_FEED),
        (["foo"], NO_FEED),
        ([5], NO_FEED),
        ([A, "x"], "Param 1 must by of type number"),
        ([A, 1, "x"], "Param 2 must by of type boolean"),
    ],
)
def test_wrong_arguments_get_the_texts_of_the_reference(args: list[Any], text: str) -> None:
    with pytest.raises(CallerError) as caught:
        read_request(args)
    assert caught.value.message == text


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        ([{"id": A}], PLAIN),
        ([A], PLAIN),
        ([A, 7, True], HistoryRequest(A, 7, True, True, -1, True, True)),
        ([{"id": A, "seq": 3}], HistoryRequest(A, 3, False, True, -1, True, True)),
        ([{"id": A, "seq": 3, "sequence": 4}], HistoryRequest(A, 4, False, True, -1, True, True)),
        ([{"id": A, "sequence": "q"}], PLAIN),
        ([{"id": A, "seq": -3}], PLAIN),
        ([{"id": A, "limit": -1}], PLAIN),
        ([{"id": A, "live": 1, "old": False}], HistoryRequest(A, 1, True, False, -1, True, True)),
        (
            [{"id": A, "limit": 5, "keys": False, "values": False}],
            HistoryRequest(A, 1, False, True, 5, False, False),
        ),
        (
            [{"id": A, "limit": 1e300, "seq": 1e300}],
            HistoryRequest(A, MAX_SEQUENCE, False, True, MAX_SEQUENCE, True, True),
        ),
    ],
)
def test_requests_are_read(args: list[Any], wanted: HistoryRequest) -> None:
    assert read_request(args) == wanted


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
