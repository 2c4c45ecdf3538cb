"""What `search.query` finds, and in which order."""

from typing import Any

import pytest

from common.bus import CallerError, OurError
from common.store import StoreDamaged
from services.indexing.handlers import search as handlers
from tests.support.indexing_suite import Suite, boxed


def post(suite: Suite, text: Any, claimed: float = 1, **more: Any) -> str:
    return suite.storage.add(0, {"type": "post", "text": text, **more}, claimed=claimed)


async def keys(suite: Suite, query: Any, **options: Any) -> list[str]:
    found = await suite.items("search.query", {"query": query, **options})
    return [item["key"] for item in found]


async def test_all_words_are_found_by_how_they_begin(suite: Suite) -> None:
    one, two = post(suite, "Hello World", 1), post(suite, "hello there", 2)
    assert await keys(suite, "hel") == [two, one]
    assert await keys(suite, "HELLO wor") == [one]
    assert await keys(suite, "ello") == []
    assert await keys(suite, "hello lo") == [two, one]
    three = post(suite, "東京都庁へ、ようこそ", 3)
    assert await keys(suite, "京都") == [three]


async def test_what_others_found_link_to_is_first_and_tells_its_rank(suite: Suite) -> None:
    root = post(suite, "hello root", 1)
    reply = post(suite, "hello reply", 2, root=root, branch=[root])
    other = post(suite, "hello other", 3)
    post(suite, "no word of it", 4, root=other)
    found = await suite.items("search.query", {"query": "hello"})
    assert [(one["key"], one.get("rank")) for one in found] == [
        (root, 2),
        (other, None),
        (reply, None),
    ]
    assert found[2]["value"]["content"]["root"] == root
    assert await keys(suite, "hello", limit=2) == [root, other]


async def test_private_messages_are_found_open(suite: Suite) -> None:
    public = post(suite, "hello", 1)
    content = {"type": "post", "text": "hello secret", "root": public}
    private = suite.storage.add(0, boxed(content), claimed=2)
    found = await suite.items("search.query", {"query": "hello"})
    assert [one["key"] for one in found] == [public, private]
    assert found[0]["rank"] == 1
    assert found[1]["value"]["content"] == content
    assert found[1]["value"]["private"] is True
    assert await keys(suite, "hello secret") == [private]


async def test_more_than_can_be_ranked_are_found_all_the_same(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "MAX_RANKED", 3)
    posted = [post(suite, "hello", n) for n in range(10)]
    assert await keys(suite, "hello") == posted[::-1]
    assert await keys(suite, "hello", limit=5) == posted[:4:-1]
    assert await keys(suite, "hello", limit=2) == posted[:7:-1]


async def test_a_deleted_message_is_found_no_more(suite: Suite) -> None:
    one, two = post(suite, "hello", 1), post(suite, "hello", 2)
    assert await keys(suite, "hello") == [two, one]
    suite.storage.erase(1)
    assert await keys(suite, "hello") == [two]


@pytest.mark.parametrize("asked", [[], [None], [{}], [{"query": 5}], [{"query": "an of"}]])
async def test_a_question_without_words_finds_nothing(suite: Suite, asked: list[Any]) -> None:
    post(suite, "an of")
    assert await suite.items("search.query", *asked) == []


async def test_a_question_has_a_limit_of_words(suite: Suite) -> None:
    with pytest.raises(CallerError, match="at most 30 words"):
        await keys(suite, " ".join(f"word{n}" for n in range(31)))


async def test_damage_is_told(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object) -> None:
        raise StoreDamaged("x")

    monkeypatch.setattr(suite.search._live, "find", damaged)
    with pytest.raises(OurError, match="damaged"):
        await keys(suite, "hello")


async def test_help_names_the_method(suite: Suite) -> None:
    assert "query" in (await suite.call("search.help"))["commands"]
