"""Texts and values of ssb-db's validators, as a server of version 16.0.1 gave them over ssb-client."""

from math import inf
from typing import Any

import pytest

from common.bus import CallerError
from services.storage import arguments

FEED = "@" + "A" * 43 + "=.ed25519"
KEY = "%" + "A" * 43 + "=.sha256"
MESSAGE: dict[str, Any] = {
    "previous": None,
    "author": FEED,
    "sequence": 1,
    "timestamp": 1,
    "hash": "sha256",
    "content": {"type": "test"},
    "signature": "x",
}


@pytest.mark.parametrize("args", [[], [None], [False], [0], [""]])
def test_first_parameter_is_required(args: list[Any]) -> None:
    for check in (
        arguments.feed_of,
        arguments.content_of,
        arguments.message_of,
        arguments.target_of,
        arguments.user_stream,
    ):
        with pytest.raises(CallerError, match=r"^Param 0 is required$"):
            check(args)


@pytest.mark.parametrize("given", ["x", 5, {"id": FEED}, KEY])
def test_feed_of_refuses(given: Any) -> None:
    assert arguments.feed_of([FEED]) == FEED
    with pytest.raises(CallerError, match=r"^Param 0 must by of type feedId$"):
        arguments.feed_of([given])


def test_content_of_lets_nearly_all_pass() -> None:
    contents: list[Any] = ["x", 5, [], {}, {"type": "x"}]
    for content in contents:
        assert arguments.content_of([content]) == content
    with pytest.raises(CallerError, match=r"^Param 0 must by of type msgContent$"):
        arguments.content_of([True])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"content": None}, 'Param 0 must have a .content of type "object|string"'),
        ({"content": 5}, 'Param 0 must have a .content of type "object|string"'),
        ({"content": {}}, 'Param 0 must have a .content.type of type "string"'),
        ({"content": []}, 'Param 0 must have a .content.type of type "string"'),
        ({"content": {"type": ""}}, 'Param 0 must have a .content.type of type "string"'),
        ({"author": "x"}, 'Param 0 must have a .author of type "feedId"'),
        ({"sequence": "x"}, 'Param 0 must have a .sequence of type "number"'),
        ({"sequence": True}, 'Param 0 must have a .sequence of type "number"'),
        ({"sequence": 2}, 'Param 0 must have a .previous of type "msgId"'),
        ({"previous": KEY}, 'Param 0 must have a .previous of type "null"'),
        ({"timestamp": "x"}, 'Param 0 must have a .timestamp of type "number"'),
        ({"hash": "x"}, 'Param 0 must have .hash set to "sha256"'),
        ({"signature": None}, 'Param 0 must have a .signature of type "string"'),
    ],
)
def test_message_of_refuses(change: dict[str, Any], text: str) -> None:
    assert arguments.message_of([MESSAGE]) == MESSAGE
    assert arguments.message_of([MESSAGE | {"content": "x.box"}])
    with pytest.raises(CallerError) as refused:
        arguments.message_of([MESSAGE | change])
    assert str(refused.value) == text


def test_message_of_refuses_other_types() -> None:
    with pytest.raises(CallerError, match=r"^Param 0 must by of type msg$"):
        arguments.message_of([5])
    with pytest.raises(CallerError, match=r"\.content of type"):
        arguments.message_of([[]])


@pytest.mark.parametrize(
    ("given", "target"),
    [
        (KEY, (bytes(32), 0, False, KEY, False, None)),
        ({"id": KEY}, (bytes(32), 0, False, KEY, False, None)),
        ({"key": KEY}, (bytes(32), 0, False, KEY, False, None)),
        ({"id": KEY, "meta": True}, (bytes(32), 0, True, KEY, False, None)),
        ({"id": KEY, "meta": False, "private": True}, (bytes(32), 0, False, KEY, True, None)),
        ({"id": KEY, "private": 1, "unbox": "abc"}, (bytes(32), 0, False, KEY, False, None)),
        ({"id": KEY, "private": True, "unbox": "abc"}, (bytes(32), 0, False, KEY, True, "abc")),
        ({"id": KEY, "private": True, "unbox": 5}, (bytes(32), 0, False, KEY, True, None)),
        (f"{KEY}?unbox=abc", (bytes(32), 0, False, KEY, True, "abc")),
        (f"{KEY}?unbox=a+c&meta=true", (bytes(32), 0, True, KEY, True, "a+c")),
        (f"{KEY}?other=abc", (bytes(32), 0, False, KEY, False, None)),
        (7, (None, 7, True, "7", False, None)),
        (7.0, (None, 7, True, "7", False, None)),
        ({"id": 7}, (None, 7, True, "7", False, None)),
    ],
)
def test_target_of(given: Any, target: tuple[Any, ...]) -> None:
    assert arguments.target_of([given]) == target


def test_target_of_refuses() -> None:
    with pytest.raises(CallerError, match=r"^Param 0 must by of type object$"):
        arguments.target_of(["x"])
    for given in ("5", {}, {"id": "x"}, [1], True, 1.5, inf, 1e300, {"id": f"{FEED}?x"}):
        with pytest.raises(CallerError, match=r"^ssb-db\.get: key \*must\* be"):
            arguments.target_of([given])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (5, "Param 0 must by of type readStreamOpts"),
        ("x", "Param 0 must by of type readStreamOpts"),
        ([], '.0 of param reverse must be of type "boolean"'),
        ({"live": "x"}, '.0 of param live must be of type "boolean"'),
        ({"reverse": {}}, '.0 of param reverse must be of type "boolean"'),
        ({"keys": "x"}, '.0 of param keys must be of type "boolean"'),
        ({"values": "x"}, '.0 of param values must be of type "boolean"'),
        ({"limit": "2"}, '.0 of param limit must be of type "number"'),
    ],
)
def test_log_stream_refuses(given: Any, text: str) -> None:
    with pytest.raises(CallerError) as refused:
        arguments.log_stream([given])
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({}, -1),
        ({"limit": 0}, 0),
        ({"limit": None}, -1),
        ({"limit": 2.7}, 2),
        ({"limit": -5}, -1),
        ({"limit": 1e300}, -1),
        ({"limit": inf}, -1),
    ],
)
def test_limit(given: dict[str, Any], limit: int) -> None:
    assert arguments.log_stream([given]).limit == limit


@pytest.mark.parametrize(
    ("given", "lower", "upper"),
    [
        ({}, None, None),
        ({"gt": 1, "lt": 5}, (1, False), (5, False)),
        ({"gte": 1, "lte": 5.5}, (1, True), (5.5, True)),
        ({"gt": None}, (-inf, False), None),
        ({"lt": None}, None, (-inf, False)),
        ({"gt": "x", "lt": []}, (inf, False), (inf, False)),
        ({"gt": True, "lte": {}}, (-inf, False), (inf, True)),
        ({"lt": 4, "lte": 2}, None, (2, True)),
        ({"min": 4, "max": 5, "start": 1, "end": 2}, None, None),
    ],
)
def test_bounds_of_the_log(given: dict[str, Any], lower: Any, upper: Any) -> None:
    options = arguments.log_stream([given])
    assert (options.lower, options.upper) == (lower, upper)


def test_log_stream_without_options() -> None:
    options = arguments.log_stream([])
    assert options == arguments.log_stream([None]) == arguments.log_stream([{}])
    assert options[2:] == (False, False, True, True, True, -1, True, False)
    assert arguments.log_stream([{"reverse": 1}]).reverse is True
    assert arguments.log_stream([{"live": 1, "keys": 0}])[3:6] == (False, True, True)


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ({}, 1, inf),
        ({"gt": 2, "lt": 5}, 3, 4),
        ({"gte": 2, "lte": 5}, 2, 5),
        ({"gt": 2.5, "lt": 4.5}, 3, 4),
        ({"gte": 2.5, "lte": 4.5}, 3, 4),
        ({"gt": -5}, 1, inf),
        ({"lt": 0}, 1, -1),
        ({"gt": "x"}, 2**53, inf),
        ({"lt": None}, 1, -inf),
        ({"min": 3}, 3, inf),
        ({"max": 3}, 1, 3),
        ({"start": 3}, 3, inf),
        ({"end": 3}, 1, 3),
        ({"start": 3, "reverse": True}, 1, 3),
        ({"end": 3, "reverse": True}, 3, inf),
        ({"gt": 2, "gte": 4}, 4, inf),
        ({"seq": 3}, 1, inf),
    ],
)
def test_range_of_a_feed(given: dict[str, Any], first: int, last: float) -> None:
    feed, _, *found = arguments.user_stream([given | {"id": FEED}])
    assert feed == FEED
    assert found == [first, last]


def test_user_stream_needs_a_feed() -> None:
    with pytest.raises(CallerError, match=r"^Param 0 must by of type createUserStreamOpts$"):
        arguments.user_stream(["x"])
    with pytest.raises(CallerError) as refused:
        arguments.user_stream([{"id": "x"}])
    assert str(refused.value) == 'Param 0 must have a .id of type "feedId"'
