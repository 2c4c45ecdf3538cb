import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.feed.record import Record
from services.indexing.model.words import MAX_WORD, entry_of, terms_of, words_of
from tests.support.messages import message


def words(text: Any) -> set[str]:
    return words_of({"type": "post", "text": text})


def test_words_in_ascii_are_those_of_the_reference() -> None:
    assert words("Hello, hello wor-ld! a an the snake_case x2y") == {
        "hello",
        "wor",
        "the",
        "snake_case",
        "x2y",
    }
    assert words("a" * 300) == {"a" * MAX_WORD}


def test_words_of_other_scripts_are_found_whole_and_by_their_ascii_parts() -> None:
    assert words("Café Привет") == {"café", "caf", "привет"}
    assert {"東京都庁", "京都庁", "都庁", "庁"} == words("東京都庁")


@pytest.mark.parametrize(
    ("text", "expected"), [({"a": "b"}, {"object"}), ([1, "two"], {"two"}), (True, {"true"})]
)
def test_what_is_no_text_has_the_words_that_javascript_gives_it(
    text: Any, expected: set[str]
) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("content", [None, "x.box", [], {"type": "post"}, {"text": ""}])
def test_what_has_no_text_has_no_words(content: Any) -> None:
    assert words_of(content) == set()


def test_a_question_is_of_words_each_once_and_none_too_short() -> None:
    assert terms_of(" Hello  hello an wor,ld! ") == ["hello", "wor"]
    assert terms_of("京都 an é") == ["京都", "é"]
    assert terms_of("an of") == []


def test_no_text_can_be_made_that_is_no_word() -> None:
    assert words("ab\ud800cde \x00fgh") == {"cde", "fgh"}


def entry(content: Any, **fields: Any) -> Any:
    one = message(content, **fields)
    return entry_of(one.position, one.record)


def test_an_entry_is_what_everybody_may_find() -> None:
    found = entry({"type": "post", "text": "hello"}, timestamp=7)
    assert (found.position, found.words, found.time) == (3, {"hello"}, 7.0)
    assert entry("text.box") is None
    assert entry({"type": "vote"}) is None
    assert entry({"type": "x", "nested": {"text": "hello"}}) is None


def test_another_text_or_time_has_another_sum() -> None:
    sums = {
        entry({"text": text}, timestamp=time).sum
        for text in ("one", "two", "one two")
        for time in (1, 2)
    }
    assert len(sums) == 6


def test_a_claim_that_is_no_time_is_before_all_others() -> None:
    assert entry({"text": "one"}, timestamp="x").time < entry({"text": "one"}, timestamp=-5).time


def test_a_deleted_message_is_no_entry() -> None:
    assert entry_of(1, Record(bytes(32), bytes(32), 1, 1.0, b"")) is None


@given(st.text(st.sampled_from("ab_9 -.'\0\x1c\x85\xa0\u2019éß日\U0001f980\ud800"), max_size=40))
def test_words_are_runs_of_letters_and_digits_whatever_stands_between(text: str) -> None:
    runs = re.findall(r"\w+", text.lower())
    found = words(text)
    assert {run for run in runs if len(run) >= 3 or not run.isascii()} <= found
    assert all(any(word in run for run in runs) for word in found)
