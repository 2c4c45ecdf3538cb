from typing import Any

import pytest

from common.bus import CallerError
from common.refs import blob_id
from services.indexing.memes import memes_in, words_in
from tests.support.indexing_suite import IDS, Suite, boxed

ONE, TWO = (blob_id(bytes([n]) * 32) for n in (1, 2))


def post(*mentions: Any) -> dict[str, Any]:
    return {"type": "post", "mentions": [*mentions]}


def test_only_blobs_with_a_name_of_three_letters_are_memes() -> None:
    odd = [None, 5, {"link": ONE}, {"link": ONE, "name": "ab"}, {"link": "x", "name": "abc"}]
    assert not list(memes_in(post(*odd)))
    assert not list(memes_in("sealed.box"))
    assert [meme.name for meme in memes_in({"mentions": {"link": ONE, "name": "abc"}})] == ["abc"]


def test_words_of_a_name_are_its_parts_without_the_ending() -> None:
    named = post({"link": ONE, "name": "Over_the.Hill/of ab.JPG"}, {"link": TWO, "name": "cat.txt"})
    assert words_in(named) == {"over", "the", "hill", "cat", "txt"}


async def test_blobs_are_found_by_beginnings_of_words_in_boxes_too(suite: Suite) -> None:
    first = suite.storage.add(1, post({"link": ONE, "name": "funny cat.png"}))
    second = suite.storage.add(2, boxed(post({"link": TWO, "name": "Catalogue.gif"})))
    suite.storage.add(2, post({"link": TWO, "name": "dog"}))
    assert await suite.call("meme.search", {"query": "CAT"}) == {
        ONE: [{"name": "funny cat.png", "author": IDS[1], "msg": first}],
        TWO: [{"name": "Catalogue.gif", "author": IDS[2], "msg": second}],
    }
    assert list(await suite.call("meme.search", "fun cat")) == [ONE]
    assert list(await suite.call("meme.search", {"query": "cat", "limit": 1})) == [ONE]
    found = await suite.items("meme.query", {"query": "cat"})
    assert [item["key"] for item in found] == [first, second]
    assert await suite.items("meme.query", {"query": "cat", "values": False}) == [1, 2]
    assert await suite.items("meme.query", "a b") == []


async def test_a_query_is_a_text_of_some_words(suite: Suite) -> None:
    odds: list[Any] = [None, 5, {}, {"query": ["x"]}]
    for odd in odds:
        with pytest.raises(CallerError, match="query must be a text"):
            await suite.call("meme.search", odd)
    with pytest.raises(CallerError, match="words at most"):
        await suite.call("meme.search", "abc " * 17)
