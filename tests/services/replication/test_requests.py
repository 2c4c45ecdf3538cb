import pytest

from common.bus import CallerError
from common.refs import feed_id
from services.replication import requests
from services.replication.requests import (
    Asked,
    BlockAsked,
    FeedAsked,
    GraphAsked,
    Requests,
    asked_of,
    item_of,
)

A, B = feed_id(bytes(32)), feed_id(bytes([1]) * 32)
ALL: list[Asked] = [GraphAsked(), FeedAsked(A, replicate=False), BlockAsked(A, B, blocking=True)]


def test_the_last_words_are_kept_and_told() -> None:
    words, heard = Requests(), list[Asked]()
    stop = words.listen(heard.append)
    words.take(FeedAsked(A, replicate=True))
    for one in ALL:
        words.take(one)
    stop()
    words.take(GraphAsked())
    assert list(words) == ALL
    assert heard == [FeedAsked(A, replicate=True), *ALL]


def test_a_word_on_the_same_subject_is_known() -> None:
    words = Requests()
    for one in ALL:
        assert not words.knows(one)
        words.take(one)
        assert words.knows(one)
    assert words.knows(FeedAsked(A, replicate=False))


def test_items_say_what_was_asked() -> None:
    assert [asked_of(item_of(one)) for one in ALL] == ALL
    assert asked_of({"sync": True}) is None


def test_requests_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_REQUESTS", 1)
    words = Requests()
    words.take(FeedAsked(A, replicate=True))
    words.take(FeedAsked(A, replicate=False))
    with pytest.raises(CallerError, match="more than 1"):
        words.take(FeedAsked(B, replicate=True))
    assert words.feeds == {A: False}
