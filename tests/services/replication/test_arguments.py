from typing import Any

import pytest

from common.bus import CallerError
from common.refs import feed_id
from services.replication import arguments
from services.replication.requests import BlockAsked, FeedAsked

A, B = feed_id(bytes(32)), feed_id(bytes([1]) * 32)


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ({"version": 2}, 2),
        ({"version": 3.0}, 3),
        ({"version": 3, "format": "classic"}, 3),
    ],
)
def test_versions_of_ebt(options: dict[str, Any], version: int) -> None:
    assert arguments.version_of([options]) == version


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ([], arguments.WRONG_VERSION),
        ([{"version": 1}], arguments.WRONG_VERSION),
        ([{"version": True}], arguments.WRONG_VERSION),
        ([{"version": "3"}], arguments.WRONG_VERSION),
        ([{"version": 3, "format": "bendybutt-v1"}], "Unknown format: bendybutt-v1"),
    ],
)
def test_other_versions_are_refused_in_the_reference_s_words(args: list[Any], text: str) -> None:
    with pytest.raises(CallerError) as caught:
        arguments.version_of(args)
    assert caught.value.message == text


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ([{"version": 2}], "expected ebt.replicate({version: 3})"),
        (["x"], "expected ebt.replicate({version: 3})"),
        ([{"version": 3, "format": "indexed-v1"}], "Unknown format: indexed-v1"),
    ],
)
def test_other_formats_are_refused(args: list[Any], text: str) -> None:
    assert arguments.format_version_of([{"version": 3}]) == 3
    with pytest.raises(CallerError) as caught:
        arguments.format_version_of(args)
    assert caught.value.message == text


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, "undefined"),
        ({"format": None}, "null"),
        ({"format": True}, "true"),
        ({"format": 4}, "4"),
        ({"format": {}}, "[object Object]"),
    ],
)
def test_clocks_of_other_formats_are_refused(options: dict[str, Any], shown: str) -> None:
    arguments.check_clock([])
    arguments.check_clock([{"format": "classic"}])
    with pytest.raises(CallerError) as caught:
        arguments.check_clock([options])
    assert caught.value.message == f"Unknown format: {shown}"


@pytest.mark.parametrize(
    ("args", "ebt", "replicate"),
    [
        ([A, True], True, True),
        ([A, False], False, False),
        ([A], False, True),
        ([A, None], False, True),
        ([A, 0], False, True),
        ([A, {}], True, True),
    ],
)
def test_requests_are_read_as_each_plugin_does(args: list[Any], ebt: bool, replicate: bool) -> None:
    assert arguments.ebt_request(args) == FeedAsked(A, ebt)
    assert arguments.replicate_request(args) == FeedAsked(A, replicate)


def test_a_request_may_be_an_object() -> None:
    assert arguments.replicate_request([{"id": A}]) == FeedAsked(A, replicate=True)
    asked = arguments.replicate_request([{"id": A, "replicate": False}, True])
    assert asked == FeedAsked(A, replicate=False)


@pytest.mark.parametrize("args", [[], [None], ["x"], [{}], [5, True], [[A]]])
def test_what_is_no_feed_asks_for_nothing(args: list[Any]) -> None:
    assert arguments.ebt_request(args) is None
    assert arguments.replicate_request(args) is None
    assert arguments.block(args) is None


def test_blocks_come_in_two_forms() -> None:
    assert arguments.block([A, B, True]) == BlockAsked(A, B, blocking=True)
    assert arguments.block([A, B]) == BlockAsked(A, B, blocking=False)
    assert arguments.block([{"from": A, "to": B, "blocking": 1}]) == BlockAsked(A, B, blocking=True)
    assert arguments.block([A, "x", True]) is None


def test_upto_goes_on_where_that_is_asked_for() -> None:
    assert arguments.is_live([{"live": True}])
    assert not arguments.is_live([{}])
    assert not arguments.is_live([None])


@pytest.mark.parametrize(
    "options",
    [{}, {"debouncePeriod": 5}, {"partialReplication": None}, {"partialReplication": {"0": None}}],
)
def test_the_scheduler_takes_what_it_can_do(options: dict[str, Any]) -> None:
    arguments.check_scheduler([options])


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ([], "expected options"),
        ([{"debouncePeriod": "x"}], "expected debouncePeriod to be a number"),
        ([{"partialReplication": {"1": [{"purpose": "main"}]}}], arguments.PARTIAL),
        ([{"partialReplication": True}], arguments.PARTIAL),
    ],
)
def test_the_scheduler_refuses_the_rest(args: list[Any], text: str) -> None:
    with pytest.raises(CallerError) as caught:
        arguments.check_scheduler(args)
    assert caught.value.message == text
