from typing import Any

import pytest

from common.bus import CallerError
from services.indexing.thread_options import hashtags_of, wanted


def test_allowed_types_count_before_blocked_ones() -> None:
    kinds = wanted([{"allowlist": ["post"], "blocklist": ["post"]}]).filter
    assert [kinds.counts(one) for one in (b"post", b"vote", None)] == [True, False, False]
    kinds = wanted([{"blocklist": ["post"]}]).filter
    assert [kinds.counts(one) for one in (b"post", b"vote", None)] == [False, True, True]


def test_an_empty_list_of_allowed_types_allows_all_but_no_root() -> None:
    kinds = wanted([{"allowlist": []}]).filter
    assert kinds.counts(b"post")
    assert not kinds.begins(b"post")
    assert wanted([]).filter.begins(None)


def test_lists_are_backwards_unless_told_otherwise() -> None:
    assert [wanted([{"reverse": one}]).reverse for one in (None, True, False)] == [
        True,
        True,
        False,
    ]
    assert wanted([None]).most is None


@pytest.mark.parametrize(
    "options",
    [5, [], {"threadMaxSize": -1}, {"threadMaxSize": "5"}, {"allowlist": "post"}, {"blocklist": 1}],
)
def test_what_makes_no_sense_is_refused(options: Any) -> None:
    with pytest.raises(CallerError, match="must be"):
        wanted([options])


def test_hashtags_are_texts_and_some() -> None:
    assert hashtags_of({"hashtag": "a", "hashtags": ["b", "c"]}) == ["b", "c"]
    assert hashtags_of({"hashtag": "a", "hashtags": "b"}) == ["a"]
    for odd, words in (
        ({}, "is required"),
        ({"hashtags": []}, "at least one"),
        ({"hashtags": ["a", 5]}, "array of strings, but got: a,5"),
        ({"hashtags": ["a"] * 51}, "at most"),
    ):
        with pytest.raises(CallerError, match=words):
            hashtags_of(odd)
